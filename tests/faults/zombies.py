"""Row 2: what was stopped for longer than its lease changes nothing when it goes on.

First each call alone that a running job can cause, on a quiet server, with the server's own digest
of all its data before and after; then real workers, stopped with `SIGSTOP` while their jobs run,
which ack, retry, bury, report progress, checkpoint and enqueue children after they were replaced.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from streamq import operations as op
from streamq.operations import Call, NewJob
from tests.faults import zombie_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.journal import read
from tests.lua.rig import BODY, LEASE_MS, Rig
from tests.servers import Server

Say = Callable[[Rig, list[str]], Call[Any]]
OURS, THEIRS = "T", "U"  # tokens: of the one that was stopped, of the one that came after it
SEQ = 77


def _ack(rig: Rig, ids: list[str]) -> Call[Any]:
    child = op.follow_up("other", NewJob("child", "t", BODY))
    jobs = [op.Ack(i, OURS, "t", "ok", 3, 60_000, b"mine", child) for i in ids]
    return op.ack(rig.keys, worker="w", seq=SEQ, jobs=jobs)


def _bury(rig: Rig, ids: list[str]) -> Call[Any]:
    child = op.follow_up("", NewJob("child", "t", BODY))
    jobs = [op.Burial(i, OURS, "t", "failed", 3, b"mine", child) for i in ids]
    return op.bury(rig.keys, worker="w", seq=SEQ, jobs=jobs)


SAYINGS: dict[str, Say] = {
    "ack": _ack,
    "bury": _bury,
    "retry": lambda rig, ids: op.retry(
        rig.keys, worker="w", seq=SEQ, jobs=[op.Again(i, OURS, 0, True, b"mine") for i in ids]
    ),
    "release": lambda rig, ids: op.release(
        rig.keys, worker="w", seq=SEQ, jobs=[op.HandBack(i, OURS, crashed=True) for i in ids]
    ),
    "strand": lambda rig, ids: op.strand(
        rig.keys, worker="w", seq=SEQ, jobs=[op.Stray(i, OURS, "t") for i in ids]
    ),
    "throttle": lambda rig, ids: op.throttle(
        rig.keys, worker="w", seq=SEQ, jobs=[op.Throttled(i, OURS, 60_000) for i in ids]
    ),
    "progress": lambda rig, ids: op.progress(rig.keys, jobs=[(i, OURS, b"mine") for i in ids]),
    "checkpoint": lambda rig, ids: op.checkpoint(
        rig.keys, lease_ms=LEASE_MS, jobs=[(i, OURS, b"mine") for i in ids]
    ),
    "append": lambda rig, ids: op.append(
        rig.keys, trail="log", jobs=[op.Said(i, OURS, 1, 60_000, [b"mine"]) for i in ids]
    ),
    "extend": lambda rig, ids: op.extend(
        rig.keys, worker="w", alive_ms=LEASE_MS, lease_ms=LEASE_MS, tokens=[OURS]
    ),
}


def _reclaim_all(rig: Rig, count: int) -> None:
    while count:
        returned = rig.reclaim(limit=20).returned
        assert 0 < returned <= count
        count -= returned


def _taken(rig: Rig) -> None:
    assert len(rig.claimed(THEIRS, 200, worker="other")) >= 1


def _taken_again(rig: Rig) -> None:
    """By the very worker that was stopped, under another token."""
    assert len(rig.claimed(THEIRS, 200, worker="w")) >= 1


def _done(rig: Rig) -> None:
    rig.ack(*rig.claimed(THEIRS, 200, worker="other"), token=THEIRS)


def _dead(rig: Rig) -> None:
    rig.bury(*rig.claimed(THEIRS, 200, worker="other"), token=THEIRS)


def _retried(rig: Rig) -> None:
    rig.retry(*rig.claimed(THEIRS, 200, worker="other"), token=THEIRS)


MEANWHILE: dict[str, Callable[[Rig], None]] = {
    "handed back": lambda rig: None,
    "taken by another": _taken,
    "taken by itself": _taken_again,
    "done": _done,
    "dead": _dead,
    "scheduled again": _retried,
}


def _alone(ground: Ground, server: Server) -> None:
    """Each call in each situation: every word a refusal, not a byte changed."""
    for what, meanwhile in MEANWHILE.items():
        for name, say in SAYINGS.items():
            server.admin.flushall()
            rig = Rig(server)
            ids = [f"j{i}" for i in range(ground.random.choice((1, 3, 40)))]
            limited = ground.random.random() < 0.5
            rig.enqueue(*ids, opts="q=lane|climit=1000" if limited else "-")
            assert sorted(rig.claimed(OURS, len(ids))) == sorted(ids)
            rig.run(op.progress(rig.keys, jobs=[(i, OURS, b"before") for i in ids]))
            rig.worker_is("w", alive=True)
            rig.lapse(OURS)
            _reclaim_all(rig, len(ids))
            meanwhile(rig)
            call = say(rig, ids)
            before = _digest(server, rig)
            reply = rig.run(call)
            words = set(reply[1] if name == "bury" else reply)
            after = _digest(server, rig)
            ground.figures.add(calls_alone=1)
            ground.figures.expect(words == {"LEASELOST"}, f"{name}, {what}: {words}")
            ground.figures.expect(before == after, f"{name}, {what}: the digest changed")
    ground.audit(server)


def _digest(server: Server, rig: Rig) -> bytes:
    """Of everything but who is alive: that a stopped worker is again, and may say."""
    server.admin.delete(rig.keys.key("workers"))
    digest: bytes = server.admin.execute_command("DEBUG", "DIGEST")  # type: ignore[no-untyped-call]
    assert digest.strip(b"0"), "an empty database shows nothing"
    return digest


def attack(ground: Ground, *, zombies: int) -> None:
    """The calls alone, then `zombies` running jobs whose worker is stopped."""
    server = ground.server()
    _alone(ground, server)
    server.admin.flushall()
    field = Field(ground, server, zombie_app.app, "tests.faults.zombie_app")
    size = ("--async-concurrency", str(zombies), "-c", "12")
    first = field.start(*size, env={zombie_app.IS_ZOMBIE: "1"})
    field.registered(1)
    threads = min(12, zombies // 4)
    jobs = {zombie_app.works.delay(n).id for n in range(threads)}
    jobs |= {zombie_app.waits.delay(n).id for n in range(threads, zombies)}
    field.wait(lambda: len(field.runs()) >= zombies, "all to run")
    stopped = [first.pid, *first.worker_pids]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    field.start(*size)
    field.wait(lambda: _succeeded(field) == 2 * zombies, "the others to do it")
    before, outcomes = field.counts(), field.outcomes(jobs)
    (field.folder / zombie_app.WOKEN).touch()
    for pid in reversed(stopped):
        os.kill(pid, signal.SIGCONT)
    field.wait(lambda: _ends_in(field, stopped) == zombies, "the zombies to go on")
    time.sleep(0.5)  # for what they say
    field.stop()
    _compare(ground, field, before)
    ground.figures.expect(field.outcomes(jobs) == outcomes, "an outcome changed")
    runs, numbers = field.runs(), set(range(zombies))
    ground.figures.expect_same({n for n in runs if n >= 0}, numbers, "numbers that ran")
    children = {-1 - n for n in runs if n < 0}
    ground.figures.expect_same(children, numbers, "children, each of one accepted run,")
    ground.figures.add(zombies=zombies)
    ground.audit(server)


def _succeeded(field: Field) -> int:
    return field.counts().get("succeeded", 0)


def _ends_in(field: Field, pids: list[int]) -> int:
    return sum(line.pid in pids for line in read(field.folder, "ends"))


def _compare(ground: Ground, field: Field, before: dict[str, int]) -> None:
    """What went on after they had woken up: nothing."""
    after = field.counts()
    for name in sorted({*before, *after} - {"now_ms", "workers"}):
        seen = (before.get(name, 0), after.get(name, 0))
        ground.figures.expect(seen[0] == seen[1], f"{name}: {seen[0]} became {seen[1]}")


ROW = Row(
    2,
    "workers stopped for longer than their lease, and each of their calls alone",
    attack,
    small={"zombies": 50},
    large={"zombies": 100},
    rounds=10,
)
