"""What is kept of runs that ended badly: by retry, bury, release and reclaim, in `errors`."""

from __future__ import annotations

from typing import Any

import pytest

from streamq import operations
from streamq.operations import FailedRun
from streamq.operations.beside import Beside, pack_beside, read_beside
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


def test_runs_go_with_a_job_whose_result_is_not_kept(rig: Rig) -> None:
    rig.running("a", token="T0")
    again(rig, 0)
    rig.ack("a", token="T1", kind="none", ttl_ms=0)
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


def test_who_succeeds_in_the_end_keeps_them_beside_the_result(rig: Rig) -> None:
    rig.running("a", "first", token="T0")
    again(rig, 0, b"oops")
    assert rig.ack("a", token="T1") == ["OK"]
    assert rig.ack("first", token="T0") == ["OK"]
    found = rig.run(operations.look(rig.keys, ids=["a"]))[0]
    assert found.outcome is not None
    assert (found.outcome.kind, found.outcome.value) == ("ok", b"value")
    assert [(run.number, run.how, run.failure) for run in found.runs] == [(1, "retry", b"oops")]
    assert "errors" not in rig.state()
    plain: Any = rig.admin.hget(rig.keys.key("results"), "first")
    assert plain.endswith(b"\nvalue")  # who never failed pays nothing


@pytest.mark.parametrize("way", ["reclaimed", "snooze", "failed"])
def test_they_are_kept_beside_the_result_of_a_job_whose_next_run_is_its_first_by_number(
    rig: Rig, way: str
) -> None:
    rig.running("a", token="T0")
    if way == "snooze":
        again(rig, 0, b"oops", counted=False)
    elif way == "reclaimed":
        rig.worker_is("w", alive=True)
        rig.lapse("T0")
        rig.reclaim()
        rig.claim("T1")
    else:
        rig.bury("a", token="T0")
        rig.run(operations.revive(rig.keys, ids=["a"]))
        rig.claim("T1")
    assert rig.state()["state"]["a"].startswith("R 1 0 ")
    assert rig.ack("a", token="T1") == ["OK"]
    assert [run.how for run in runs(rig, "a")] == [way]


def test_a_lost_run_and_a_cancelled_job_keep_them_too(rig: Rig) -> None:
    rig.running("a", token="T0", opts="c=9")
    rig.release("a", token="T0", crashed=True)
    rig.claim("T1")
    rig.ack("a", token="T1")
    assert ways(rig, "a") == [(1, "crashed", b"")]
    rig.running("b", token="U")
    rig.retry("b", token="U")
    rig.cancel("b")
    assert ways(rig, "b") == [(1, "retry", b"oops")]


def test_what_is_kept_beside_a_value_is_read_back_and_what_is_torn_harms_nothing() -> None:
    packed = pack_beside("parent", ("eu", "big"))
    assert read_beside(packed + b"value") == Beside(b"value", "parent", ("eu", "big"))
    assert (pack_beside("", ()), read_beside(b"value")) == (b"", Beside(b"value"))
    assert read_beside(b"\xc1f\0\0\0\1\xc1value") == Beside(b"value")
    assert read_beside(b"\xc1?\0\0\0\2xxvalue") == Beside(b"value")  # another release's
    for cut in range(1, len(packed)):
        read_beside(packed[:cut])


@pytest.mark.parametrize(("size", "kept"), [(8192, 8192), (8193, 0)])
def test_a_failure_of_eight_kib_is_kept(rig: Rig, size: int, kept: int) -> None:
    rig.running("a", token="T0")
    again(rig, 0, b"x" * size)
    again(rig, 1, b"y")
    assert [len(run.failure) for run in runs(rig, "a")] == [kept, 1]


def test_a_run_began_when_it_was_handed_out(rig: Rig) -> None:
    rig.running("a", token="T0")
    before = rig.now_ms() - 60_000
    entry = rig.snapshot()["state"]["a"].split()[3]
    rig.admin.hset(rig.keys.key("state"), "a", f"R 1 0 {entry} T0 {before}")
    rig.bury("a", token="T0")
    assert [run.since_ms for run in runs(rig, "a")] == [before]
