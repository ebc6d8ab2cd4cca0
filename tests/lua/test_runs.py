"""What is kept of runs that ended badly: by retry, bury, release and reclaim, in `errors`."""

from __future__ import annotations

from streamq import operations
from streamq.operations import FailedRun
from tests.lua.rig import Rig


def runs(rig: Rig, id_: str) -> list[FailedRun]:
    return rig.run(operations.look(rig.keys, ids=[id_]))[0].runs


def ways(rig: Rig, id_: str) -> list[tuple[int, str, bytes]]:
    return [(run.number, run.how, run.failure) for run in runs(rig, id_)]


def again(rig: Rig, round_: int, error: bytes = b"oops", *, counted: bool = True) -> None:
    """The job `a` fails once more, and is due at once."""
    rig.retry("a", token=f"T{round_}", delay_ms=0, error=error, counted=counted)
    rig.run(operations.promote(rig.keys, limit=1))
    rig.claim(f"T{round_ + 1}")


def test_each_way_to_end_badly_is_a_run_with_its_worker(rig: Rig) -> None:
    rig.running("a", token="T0", worker="host-1", opts="c=9")
    again(rig, 0, b"first")
    rig.release("a", token="T1", crashed=True)
    rig.claim("T2", worker="host-2")
    rig.lapse("T2")
    rig.worker_is("host-2", alive=True)
    rig.reclaim()
    rig.claim("T3")
    rig.bury("a", token="T3")
    assert ways(rig, "a") == [
        (1, "retry", b"first"),
        (2, "crashed", b""),
        (2, "reclaimed", b""),
        (2, "failed", b"oops"),
    ]
    assert [run.worker for run in runs(rig, "a")] == ["w", "w", "host-2", "w"]
    assert all(0 < run.since_ms <= run.ended_ms for run in runs(rig, "a"))


def test_the_last_ten_runs_are_kept(rig: Rig) -> None:
    rig.running("a", token="T0")
    for round_ in range(12):
        again(rig, round_)
    assert [run.number for run in runs(rig, "a")] == [*range(3, 13)]


def test_a_job_that_only_comes_again_later_keeps_its_failures(rig: Rig) -> None:
    rig.running("a", token="T0")
    again(rig, 0, b"real")
    for round_ in range(1, 13):
        again(rig, round_, b"later", counted=False)
    assert ways(rig, "a") == [(1, "retry", b"real"), (2, "snooze", b"later")]


def test_only_the_last_failure_is_kept_whole_if_it_is_large(rig: Rig) -> None:
    rig.running("a", token="T0")
    again(rig, 0, b"x" * 9000)
    assert [len(run.failure) for run in runs(rig, "a")] == [9000]
    again(rig, 1, b"y" * 9000)
    assert [len(run.failure) for run in runs(rig, "a")] == [0, 9000]


def test_runs_go_with_the_job(rig: Rig) -> None:
    rig.running("a", token="T0")
    again(rig, 0)
    rig.ack("a", token="T1")
    assert "errors" not in rig.state()
    assert not runs(rig, "a")


def test_what_was_touched_by_hand_is_no_run(rig: Rig) -> None:
    rig.dead("a")
    rig.admin.hset(rig.keys.key("errors"), "a", b"!what?")
    seen = rig.run(operations.look(rig.keys, ids=["a"]))[0]
    assert (seen.runs, seen.error) == ([], b"")
    rig.run(operations.revive(rig.keys, ids=["a"]))
    rig.claim("T9")
    rig.bury("a", token="T9")
    assert ways(rig, "a") == [(1, "failed", b"oops")]
