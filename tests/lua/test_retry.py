"""retry: later, counted or as a snooze, in the same step as the error that it keeps."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.rig import Rig


def test_retry_parks_the_job_with_its_error(rig: Rig) -> None:
    rig.running("a", "b")
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    before = rig.state()
    assert rig.retry("a") == ["OK"]
    rig.after(
        before,
        state={"a": "S 1 0 +60s retry", "b": "R 1 0 e2 T now"},
        stream={"e2": "b"},
        pending={"e2": "w"},
        held={"T": "1"},
        scheduled={"a": "+60s"},
        errors={"a": "oops"},
        progress=None,
        counts={"enqueued": 2, "retried": 1},
        replies={"w": "1 OK*1"},
    )


def test_a_snooze_does_not_count_the_attempt(rig: Rig) -> None:
    rig.running("a")
    before = rig.state()
    assert rig.retry("a", counted=False, error=b"") == ["OK"]
    gone = dict.fromkeys(("pending", "leases", "claims", "held"))
    rig.after(
        before,
        **gone,
        state={"a": "S 0 0 +60s snooze"},
        stream={},
        scheduled={"a": "+60s"},
        counts={"enqueued": 1, "retried": 1},
        replies={"w": "1 OK*1"},
    )


def test_retry_again_is_already_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    call = operations.retry(
        rig.keys, worker="w", seq=1, jobs=[operations.Again("a", "T", 5, counted=True)]
    )
    assert rig.run(call) == ["OK"]
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY"]


def test_retry_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("w")
    with rig.unchanged("replies"):
        assert rig.retry("a", "w", "nobody", token="U") == ["LEASELOST"] * 3


def test_retry_naming_a_job_twice_parks_it_once(rig: Rig) -> None:
    rig.running("a", "b")
    assert rig.retry("a", "a") == ["OK", "ALREADY"]
    assert rig.state()["held"] == {"T": "1"}
    assert rig.state()["counts"]["retried"] == 1


def test_retry_wakes_a_worker_only_for_a_new_first_due_time(rig: Rig) -> None:
    rig.running("a", "b")
    rig.admin.delete(rig.keys.key("wake"))
    rig.retry("a")
    assert rig.state()["wake"] == ["1"]
    rig.admin.delete(rig.keys.key("wake"))
    rig.retry("b", delay_ms=90_000)
    assert "wake" not in rig.state()


def test_a_negative_delay_is_now(rig: Rig) -> None:
    rig.running("a")
    rig.retry("a", delay_ms=-60_000)
    assert rig.state()["scheduled"] == {"a": "now"}


def test_retry_keeps_the_waiters_for_the_end(rig: Rig) -> None:
    rig.running("a")
    rig.wait("a")
    with rig.listening() as heard:
        rig.retry("a")
    assert heard == []
    assert rig.state()["waiters"] == {"a": "sq:streamq:reply:me"}


@pytest.mark.parametrize("delay", ["", "x", "nan", "1e300"])
def test_retry_after_what_is_no_time_is_refused_and_changes_nothing(rig: Rig, delay: str) -> None:
    rig.running("a", "b")
    call = operations.retry(
        rig.keys,
        worker="w",
        seq=1,
        jobs=[operations.Again(i, "T", 5, counted=True) for i in ("a", "b")],
    )
    args = [*call.args[:-5], delay, *call.args[-4:]]
    with rig.unchanged(), pytest.raises(Exception, match="number"):
        rig.raw(call, args)
