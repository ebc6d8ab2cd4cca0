"""release: back to its place, unrun; or crashed, and poison at its bound."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def publish(rig: Rig, options: str, worker: str = "w") -> None:
    tasks = {"t": options}
    rig.run(operations.register(rig.keys, worker=worker, alive_ms=LEASE_MS, info="{}", tasks=tasks))


def test_release_hands_back_in_place_and_counts_no_attempt(rig: Rig) -> None:
    rig.running("a", "b")
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    before = rig.state()
    assert rig.release("a") == ["OK"]
    rig.after(
        before,
        state={"a": "B 0 0 e1 released", "b": "R 1 0 e2 T now"},
        returned={"a": "e1"},
        pending={"e1": "~returned", "e2": "w"},
        held={"T": "1"},
        progress=None,
        counts={"enqueued": 2, "released": 1},
        replies={"w": "1 OK*1"},
    )


def test_released_jobs_are_claimed_in_their_old_order_before_newer_ones(rig: Rig) -> None:
    rig.running("a", "b", "c")
    rig.enqueue("d")
    rig.release("c", "a", "b")
    assert rig.claimed("U") == ["a", "b", "c", "d"]


def test_many_of_one_millisecond_keep_their_order(rig: Rig) -> None:
    ids = [f"{i:03d}" for i in reversed(range(200))]
    rig.running(*ids)
    rig.release(*ids)
    assert rig.claimed("U", limit=200) == ids


def test_release_wakes_a_worker(rig: Rig) -> None:
    rig.running("a")
    rig.admin.delete(rig.keys.key("wake"))
    rig.release("a")
    assert rig.state()["wake"] == ["1"]


def test_release_of_a_crashed_run_counts_the_crash_and_not_the_attempt(rig: Rig) -> None:
    rig.running("a")
    assert rig.release("a", crashed=True) == ["OK"]
    assert rig.state()["state"] == {"a": "B 0 1 e1 crashed"}
    assert rig.state()["counts"] == {"enqueued": 1, "released": 1, "crashed": 1}
    [job] = rig.claim("U").jobs
    assert (job.attempt, job.crashes) == (1, 1)


def test_the_third_crash_is_poison_by_default(rig: Rig) -> None:
    rig.running("a")
    rig.wait("a")
    for i, token in enumerate(("T", "U")):
        assert rig.release("a", token=token, crashed=True) == ["OK"], i
        rig.claim("UV"[i])
    before = rig.state()
    with rig.listening() as heard:
        assert rig.release("a", token="V", crashed=True) == ["POISON"]
    [message] = heard
    outcome = operations.parse_message(message)[1]
    assert outcome is not None
    assert outcome.kind == "poison"
    gone = dict.fromkeys(("pending", "leases", "claims", "held", "waiters"))
    rig.after(
        before,
        **gone,
        stream={},
        state={"a": "D 1 3 now poison"},
        dead={"a": "now"},
        dropped=["a poison 1 0 now t"],
        counts={"enqueued": 1, "released": 2, "crashed": 3, "died": 1},
        replies={"w": "3 POISON"},
    )


def test_a_repeated_release_says_poison_again(rig: Rig) -> None:
    rig.running("a", opts="c=1")
    jobs = [operations.HandBack("a", "T", crashed=True)]
    call = operations.release(rig.keys, worker="w", seq=1, jobs=jobs)
    assert rig.run(call) == ["POISON"]
    with rig.unchanged():
        assert rig.run(call) == ["POISON"]


@pytest.mark.parametrize(
    ("opts", "published", "bound"),
    [
        ("c=1", '{"max_crashes": 5}', 1),
        ("y=9,c=2", None, 2),
        ("-", '{"max_crashes": 1}', 1),
        ("-", '{"max_crashes": null}', 3),
        ("-", "{}", 3),
        ("-", "5", 3),
        ("-", "[]", 3),
        ("-", "not JSON", 3),
        ("c=", '{"max_crashes": 2}', 2),
        ("cc=1", None, 3),
    ],
)
def test_the_bound_is_the_calls_then_the_tasks_then_three(
    rig: Rig, opts: str, published: str | None, bound: int
) -> None:
    if published:
        publish(rig, published)
    rig.running("a", opts=opts)
    for crash in range(1, bound + 1):
        expected = "POISON" if crash == bound else "OK"
        assert rig.release("a", token="T" * crash, crashed=True) == [expected]
        rig.claim("T" * (crash + 1))


def test_never_run_twice_is_poison_at_its_first_crash_but_may_be_handed_back_unrun(
    rig: Rig,
) -> None:
    rig.running("a", opts="c=0")
    assert rig.release("a") == ["OK"]
    assert rig.claimed("U") == ["a"]
    assert rig.release("a", token="U", crashed=True) == ["POISON"]


def test_release_again_is_already_and_changes_nothing(rig: Rig) -> None:
    rig.running("a", "b")
    jobs = [operations.HandBack("a", "T"), operations.HandBack("b", "T", crashed=True)]
    call = operations.release(rig.keys, worker="w", seq=1, jobs=jobs)
    assert rig.run(call) == ["OK", "OK"]
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY", "ALREADY"]


def test_release_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("waits")
    for crashed in (False, True):
        with rig.unchanged("replies"):
            words = rig.release("a", "waits", "nobody", token="U", crashed=crashed)
            assert words == ["LEASELOST"] * 3


def test_release_naming_a_job_twice_hands_it_back_once(rig: Rig) -> None:
    rig.running("a", "b")
    assert rig.release("a", "a", crashed=True) == ["OK", "ALREADY"]
    assert rig.state()["state"]["a"] == "B 0 1 e1 crashed"
    assert rig.state()["held"] == {"T": "1"}


def test_release_while_the_group_is_lost_makes_it_again(rig: Rig) -> None:
    rig.running("a", "b")
    rig.lose_group()
    assert rig.release("a") == ["OK"]
    assert rig.state()["pending"] == {"e1": "~returned"}
    assert rig.claimed("U") == ["a"]
    assert rig.violations() == []
    assert rig.ack("b") == ["OK"]


def test_a_damaged_record_can_be_handed_back_and_crash(rig: Rig) -> None:
    rig.running("a")
    rig.admin.hset(rig.keys.key("jobs"), "a", b"rubbish")
    for token in ("T", "U"):
        assert rig.release("a", token=token, crashed=True) == ["OK"]
        rig.raw(_claim(rig, "U" if token == "T" else "V"))
    assert rig.release("a", token="V", crashed=True) == ["POISON"]
    rig.run(operations.delete(rig.keys, ids=["a"]))


def _claim(rig: Rig, token: str) -> operations.Call[operations.Claimed]:
    return operations.claim(
        rig.keys, worker="w", token=token, lease_ms=LEASE_MS, limit=5, result_ttl_ms=1
    )


def test_the_last_entries_of_a_millisecond_stay_before_those_of_the_next(rig: Rig) -> None:
    rig.enqueue("first")
    ms = rig.now_ms() + 60_000
    for id_, at in (("b", f"{ms}-4999"), ("a", f"{ms}-{2**64 - 1}")):
        stream = rig.keys.key("stream")
        rig.admin.execute_command("XSETID", stream, at)  # type: ignore[no-untyped-call]
        rig.enqueue(id_)
    assert rig.claimed("T") == ["first", "b", "a"]
    rig.release("first", "b", "a")
    assert rig.claimed("U") == ["first", "b", "a"]


@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
def test_what_is_handed_back_in_the_very_moment_is_handed_back(rig: Rig) -> None:
    rig.enqueue("a")
    claim = operations.claim(
        rig.keys, worker="w", token="T", lease_ms=LEASE_MS, limit=1, result_ttl_ms=1
    )
    back = operations.HandBack("a", "T")
    release = operations.release(rig.keys, worker="w", seq=1, jobs=[back])
    with rig.admin.pipeline(transaction=True) as pipe:
        for call in (claim, release):
            pipe.eval(call.script.source, len(call.keys), *call.keys, *call.args)
        pipe.execute()
    assert set(rig.pending().values()) == {"~returned"}
