"""For each script a state and a call that does all its work there, on `n` jobs if it takes any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamq import operations as op
from streamq.operations import Call, Idempotency, NewJob, Outcome, Sent
from streamq.operations.call import Value
from tests.lua import cases_line, cases_schedules
from tests.lua.rig import BODY, HOUR_MS, LEASE_MS, Rig

Case = Callable[[Rig, int], Call[Any]]
LIMITED = "q=lane|climit=1000|rrate=1=1"
CHANNEL = "sq:streamq:reply:me"


def names(n: int) -> list[str]:
    """Ids as long as they get."""
    return [f"{i:04d}".rjust(24, "0") + "." + "q" * 39 for i in range(n)]


def unique_text(id_: str, k: int = 0, mode: str = "return") -> str:
    """A key for each id, of every kind in turn."""
    letters = ("swr", "sw", "wr", "s")[k % 4]
    return f"u={id_.encode().hex()[:48]}:{letters}:{mode}"


def watched(rig: Rig, n: int) -> list[str]:
    """Jobs that run under the token T, with everything that a job can have."""
    ids = names(n)
    policy = op.register(
        rig.keys, worker="w", alive_ms=LEASE_MS, info="{}", tasks={"t": '{"max_crashes":1}'}
    )
    rig.run(policy)
    rig.admit(*(NewJob(i, "t", BODY, unique=unique_text(i, k)) for k, i in enumerate(ids)))
    if n > 1:  # one of them takes a slot of a limit
        rig.run(op.cancel(rig.keys, ids=ids[-1:], result_ttl_ms=HOUR_MS))
        rig.enqueue(ids[-1], opts=LIMITED)
    assert rig.claimed("T", n) == ids
    rig.admit(NewJob("heir", "t", BODY, unique=unique_text(ids[0], mode="queue_one")))
    for first in range(0, n, 200):
        some = ids[first : first + 200]
        rig.wait(*some)
        rig.run(op.progress(rig.keys, jobs=[(i, "T", b"half") for i in some]))
        here = [(i, "T", b"here") for i in some]
        rig.run(op.checkpoint(rig.keys, lease_ms=LEASE_MS, jobs=here))
    if n > 1:  # of one of them the end is asked for
        rig.run(op.cancel(rig.keys, ids=ids[:1], result_ttl_ms=HOUR_MS))
    return ids


def enqueue(rig: Rig, n: int) -> Call[Any]:
    jobs = []
    for position, i in enumerate(names(n)):
        due, expires = ("0", "-") if position <= n // 2 else ("+60000", "+90000")
        key = Idempotency("k" + i, "args", HOUR_MS)
        opts = LIMITED if position == 0 else "-"
        jobs.append(NewJob(i, "t", BODY, due, expires, opts, idempotency=key))
    return op.enqueue(rig.keys, producer="p", counter=1, jobs=jobs)


def put(rig: Rig, n: int) -> Call[Any]:
    rig.enqueue("before")  # a producer's first call is not for it
    return op.put(rig.keys, producer="p", counter=2, job=NewJob(f"{n}", "t", BODY))


def admit(rig: Rig, n: int) -> Call[Any]:
    """Keys that are held by jobs in each place, and every second one that is free."""
    ids = names(n)
    held = [NewJob("held" + i, "t", BODY, unique=unique_text(i)) for i in ids[1::2]]
    for k in range(0, len(held), 5):
        if k + 5 <= len(held):
            rig.admit(*held[k : k + 4])
            rig.claim(f"T{k}", 4)
            rig.release(held[k].id, token=f"T{k}")
            rig.strand(held[k + 1].id, token=f"T{k}")
            rig.retry(held[k + 2].id, token=f"T{k}")
        if k + 4 < len(held):
            rig.admit(held[k + 4])
    jobs = []
    for k, i in enumerate(ids):
        key = Idempotency("k" + i, "args", HOUR_MS)
        mode = ("return", "replace", "queue_one", "raise")[k // 2 % 4]
        unique = unique_text(i, mode=mode) + (",d=2000:9000" if k % 3 == 0 else "")
        due = "+60000" if k % 3 == 0 else "0"
        jobs.append(NewJob(i, "t", BODY, due, "+90000", idempotency=key, unique=unique))
    budget = op.Budget(max_jobs=1000, max_bytes=10**6)
    return op.admit(rig.keys, producer="other", counter=1, jobs=jobs, budget=budget)


def claim(rig: Rig, n: int) -> Call[Any]:
    """A third of the jobs from each place, the last one too old to start."""
    ids = names(n)
    if n >= 3:
        third = n // 3
        rig.running(*ids[: 2 * third])
        rig.release(*ids[:third])
        rig.strand(*ids[third : 2 * third])
        rig.enqueue(*ids[2 * third : -1])
    else:
        rig.enqueue(*ids[:-1]) if n > 1 else None
    rig.enqueue(ids[-1], expires="+-5")
    rig.wait(*ids)
    return op.claim(
        rig.keys,
        worker="other",
        token="A",
        lease_ms=LEASE_MS,
        limit=n,
        result_ttl_ms=HOUR_MS,
        tasks=["t", "u", "t"],
    )


def followed(k: int) -> tuple[Value, ...]:
    """What follows from the k-th job: one more here or in another queue, now or later."""
    due, expires = ("0", "-") if k // 2 % 2 else ("+60000", "+90000")
    return op.follow_up(("", "other")[k % 2], NewJob(f"after{k}", "t", BODY, due, expires))


def ack(rig: Rig, n: int) -> Call[Any]:
    jobs = [
        op.Ack(i, "T", f"t{k % 3}", "ok", 3, HOUR_MS, b"value", followed(k))
        for k, i in enumerate(watched(rig, n))
    ]
    return op.ack(rig.keys, worker="w", seq=99, jobs=jobs)


def deposit(rig: Rig, n: int) -> Call[Any]:
    rig.enqueue("other")
    rig.wait("other")
    outcome = Outcome("ok", 0, 1, 3, "t", b"value")
    key = Idempotency("k", "args", HOUR_MS)
    return op.deposit(rig.keys, id=names(n)[-1], outcome=outcome, ttl_ms=HOUR_MS, idempotency=key)


def relay(rig: Rig, n: int) -> Call[Any]:
    jobs = []
    for k, i in enumerate(names(n)):
        due, expires = ("+60000", "+90000") if k % 2 == 0 else ("0", "-")
        opts = LIMITED if k == 1 else "-"
        jobs.append(Sent(f"5-{k}", "q", NewJob(i, "t", BODY, due, expires, opts)))
    return op.relay(rig.keys, source="other", jobs=jobs)


def forward(rig: Rig, n: int) -> Call[Any]:
    rig.running(*names(n))
    follow = op.follow_up("other", NewJob("after", "t", BODY))
    acks = [op.Ack(i, "T", "t", "none", 3, 0, b"", follow) for i in names(n)]
    rig.run(op.ack(rig.keys, worker="w", seq=98, jobs=acks))
    entries = [sent.entry for sent in rig.run(op.forward(rig.keys, limit=200))]
    return op.forward(rig.keys, arrived=entries[: n // 2 + 1], limit=n)


def retry(rig: Rig, n: int) -> Call[Any]:
    ids = watched(rig, n)
    jobs = [op.Again(i, "T", 60_000, counted=True, error=b"oops", task="t") for i in ids]
    return op.retry(rig.keys, worker="w", seq=99, jobs=jobs)


def bury(rig: Rig, n: int) -> Call[Any]:
    jobs = [
        op.Burial(i, "T", f"t{k % 3}", "failed", 3, b"x", followed(k))
        for k, i in enumerate(watched(rig, n))
    ]
    return op.bury(rig.keys, worker="w", seq=99, jobs=jobs)


def release(rig: Rig, n: int) -> Call[Any]:
    """Every second one crashed, which is one crash too many."""
    jobs = [op.HandBack(i, "T", crashed=k % 2 == 0) for k, i in enumerate(watched(rig, n))]
    return op.release(rig.keys, worker="w", seq=99, jobs=jobs)


def strand(rig: Rig, n: int) -> Call[Any]:
    jobs = [op.Stray(i, "T", "t") for i in watched(rig, n)]
    return op.strand(rig.keys, worker="w", seq=99, jobs=jobs)


def extend(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    tokens = ["T", *(f"lost{i}" for i in range(n - 1))]
    return op.extend(rig.keys, worker="w", alive_ms=LEASE_MS, lease_ms=LEASE_MS, tokens=tokens)


def progress(rig: Rig, n: int) -> Call[Any]:
    return op.progress(rig.keys, jobs=[(i, "T", b"done") for i in watched(rig, n)])


def append(rig: Rig, n: int) -> Call[Any]:
    jobs = [op.Said(i, "T", 1, HOUR_MS, [b"one", b"two"]) for i in watched(rig, n)]
    return op.append(rig.keys, trail="log", jobs=jobs)


def checkpoint(rig: Rig, n: int) -> Call[Any]:
    jobs = [(i, "T", b"there") for i in watched(rig, n)]
    return op.checkpoint(rig.keys, lease_ms=LEASE_MS, jobs=jobs)


def reclaim(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    rig.lapse("T")
    rig.worker_is("w", alive=n % 2 == 0)
    return op.reclaim(rig.keys, lease_ms=LEASE_MS, gap_ms=10_000)


def promote(rig: Rig, n: int) -> Call[Any]:
    rig.enqueue(*names(n), due="+-5")
    return op.promote(rig.keys, limit=n)


def cancel(rig: Rig, n: int) -> Call[Any]:
    """A few of them run, and a few are to end already."""
    claim(rig, n)
    if n > 2:
        running = rig.claimed("T", n // 10 + 1)
        rig.run(op.cancel(rig.keys, ids=running[::2], result_ttl_ms=HOUR_MS))
    return op.cancel(rig.keys, ids=names(n), result_ttl_ms=HOUR_MS)


def _dead(rig: Rig, n: int) -> list[str]:
    rig.dead(*names(n))
    return names(n)


def revive(rig: Rig, n: int) -> Call[Any]:
    return op.revive(rig.keys, ids=_dead(rig, n))


def delete(rig: Rig, n: int) -> Call[Any]:
    return op.delete(rig.keys, ids=_dead(rig, n))


def forget(rig: Rig, n: int) -> Call[Any]:
    rig.running(*names(n))
    rig.ack(*names(n))
    return op.forget(rig.keys, ids=names(n))


def wait(rig: Rig, n: int) -> Call[Any]:
    rig.enqueue(*names(n))
    return op.wait(rig.keys, channel=CHANNEL, ids=names(n))


def look(rig: Rig, n: int) -> Call[Any]:
    return op.look(rig.keys, ids=watched(rig, n))


def sweep(rig: Rig, n: int) -> Call[Any]:
    _dead(rig, n)
    rig.admin.zadd(rig.keys.key("dead"), dict.fromkeys(names(n), 1))
    rig.enqueue("old")
    rig.claim()
    rig.ack("old")
    rig.admin.zadd(rig.keys.key("results_expiry"), {"old": 1})
    rig.worker_is("gone", alive=False)
    rig.admin.zadd(rig.keys.key("workers"), {"gone": 1})
    return op.sweep(rig.keys)


def register(rig: Rig, n: int) -> Call[Any]:
    tasks = {f"t{i}": "{}" for i in range(n)}
    return op.register(rig.keys, worker="w", alive_ms=LEASE_MS, info="{}", tasks=tasks)


def unregister(rig: Rig, n: int) -> Call[Any]:
    rig.run(register(rig, n))
    return op.unregister(rig.keys, worker="w")


def instruct(rig: Rig, n: int) -> Call[Any]:
    rig.run(register(rig, n))
    return op.instruct(rig.keys, worker="w", order="quiet")


def count(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    return op.count(rig.keys)


def stats(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    return op.stats(rig.keys, since_ms=0, limit=n)


def options(rig: Rig, n: int) -> Call[Any]:
    rig.run(register(rig, n))
    return op.options(rig.keys, tasks=[f"t{i}" for i in range(n)])


def page(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    return op.page(rig.keys, place="running", limit=n)


def seek(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    return op.seek(rig.keys, task="t", part="abc", limit=n)


def audit(rig: Rig, n: int) -> Call[Any]:
    watched(rig, n)
    return op.audit(rig.keys, structure="jobs", limit=n)


def audit_trails(rig: Rig, n: int) -> Call[Any]:
    asked = append(rig, n)
    rig.run(asked)
    return op.audit_trails(rig.keys, trails=asked.keys[2:])


CASES: dict[str, Case] = (
    {
        case.__name__: case
        for case in (
            *(
                enqueue,
                put,
                admit,
                claim,
                ack,
                retry,
                bury,
                release,
                strand,
                extend,
                progress,
                reclaim,
                promote,
            ),
            *(append, checkpoint),
            *(
                relay,
                forward,
                cancel,
                revive,
                delete,
                forget,
                wait,
                look,
                sweep,
                register,
                unregister,
                instruct,
            ),
            *(count, stats, options, page, seek, audit, audit_trails, deposit),
        )
    }
    | cases_schedules.CASES
    | cases_line.CASES
)
