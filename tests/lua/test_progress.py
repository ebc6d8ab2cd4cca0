"""progress: the latest word of a running job, from its holder only."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def progress(rig: Rig, *jobs: tuple[str, str, bytes]) -> list[str]:
    return rig.run(operations.progress(rig.keys, jobs=jobs))


def test_progress_keeps_the_latest(rig: Rig) -> None:
    rig.running("a", "b")
    before = rig.state()
    assert progress(rig, ("a", "T", b"1"), ("b", "T", b"2")) == ["OK", "OK"]
    rig.after(before, progress={"a": "1", "b": "2"})
    assert progress(rig, ("a", "T", b"3")) == ["OK"]
    rig.after(before, progress={"a": "3", "b": "2"})


def test_progress_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("waits")
    with rig.unchanged():
        wrong = [("a", "U", b"1"), ("waits", "T", b"1"), ("nobody", "T", b"1")]
        assert progress(rig, *wrong) == ["LEASELOST"] * 3


def test_progress_after_reclaim_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rig.reclaim()
    rig.claim("U")
    with rig.unchanged():
        assert progress(rig, ("a", "T", b"1")) == ["LEASELOST"]
