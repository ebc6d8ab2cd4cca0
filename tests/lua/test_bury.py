"""bury: dead with the failure that ended it, readable, capped, and whoever waits is told."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def bury(rig: Rig, *ids: str, cap: int) -> tuple[int, list[str]]:
    jobs = [operations.Burial(i, "T", "t", "failed", 3, b"oops") for i in ids]
    call = operations.bury(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs)
    return call.read(rig.raw(call, [*call.args[:2], cap, *call.args[3:]]))


def test_bury_makes_the_job_dead_and_keeps_what_is_known_of_it(rig: Rig) -> None:
    rig.running("a", "b")
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    before = rig.state()
    assert rig.bury("a", reason="given-up") == ["OK"]
    rig.after(
        before,
        state={"a": "D 1 0 now given-up", "b": "R 1 0 e2 T now"},
        stream={"e2": "b"},
        pending={"e2": "w"},
        held={"T": "1"},
        dead={"a": "now"},
        errors={"a": "oops"},
        progress=None,
        ended__t=["a failed 1 3 now"],
        counts={"enqueued": 2, "died": 1},
        replies={"w": "1 OK*1"},
    )


def test_bury_again_is_already_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    jobs = [operations.Burial("a", "T", "t", "failed", 3, b"oops")]
    call = operations.bury(rig.keys, worker="w", seq=1, jobs=jobs)
    assert rig.run(call) == (0, ["OK"])
    with rig.unchanged():
        assert rig.run(call) == (0, ["ALREADY"])


def test_bury_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("waits")
    with rig.unchanged("replies"):
        assert rig.bury("a", "waits", "nobody", token="U") == ["LEASELOST"] * 3


def test_bury_naming_a_job_twice_ends_it_once(rig: Rig) -> None:
    rig.running("a", "b")
    assert rig.bury("a", "a") == ["OK", "ALREADY"]
    assert rig.state()["counts"]["died"] == 1


def test_bury_tells_who_waits_with_the_error(rig: Rig) -> None:
    rig.running("a")
    rig.wait("a")
    with rig.listening() as heard:
        rig.bury("a")
    [message] = heard
    id_, outcome = operations.parse_message(message)
    assert outcome is not None
    assert (id_, outcome.kind, outcome.value) == ("a", "failed", b"oops")
    assert "waiters" not in rig.state()


def test_dead_jobs_over_the_cap_go_oldest_first_and_are_counted(rig: Rig) -> None:
    rig.running("a", "b", "c", "d")
    bury(rig, "a", cap=2)
    rig.admin.zadd(rig.keys.key("dead"), {"a": 1})
    bury(rig, "b", cap=2)
    rig.admin.zadd(rig.keys.key("dead"), {"b": 2})
    assert bury(rig, "c", "d", cap=2) == (2, ["OK", "OK"])
    state = rig.state()
    for key in ("dead", "jobs", "state", "errors"):
        assert set(state[key]) == {"c", "d"}, key
    assert state["counts"] == {"enqueued": 4, "died": 4, "evicted": 2}


def test_what_buries_nothing_evicts_nothing(rig: Rig) -> None:
    rig.running("a")
    jobs = [operations.Burial("a", "T", "t", "failed", 3, b"oops")]
    call = operations.bury(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs)
    assert rig.run(call) == (0, ["OK"])
    assert rig.run(call) == (0, ["ALREADY"])
    assert bury(rig, "a", cap=0) == (0, ["LEASELOST"])


def test_dead_jobs_far_over_the_cap_go_in_bounded_steps(rig: Rig) -> None:
    ids = [f"{i:02d}" for i in range(30)]
    rig.running(*ids)
    rig.bury(*ids[:-1])
    assert bury(rig, "29", cap=0) == (11, ["OK"])
    assert len(rig.state()["dead"]) == 19
