"""look: all that is known of a job, in one read."""

from __future__ import annotations

import pytest

from streamq import operations
from streamq.operations import Look
from tests.lua.rig import BODY, Rig


def look(rig: Rig, *ids: str) -> list[Look]:
    return rig.run(operations.look(rig.keys, ids=ids))


def test_look_at_a_running_job_knows_its_worker_and_lease(rig: Rig) -> None:
    rig.running("a", worker="host-1-abc")
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    [seen] = look(rig, "a")
    assert seen.record is not None
    assert seen.state is not None
    assert seen.lease_until_ms is not None
    assert (seen.record.task, seen.record.body, seen.progress) == ("t", BODY, b"half")
    assert (seen.state.place, seen.state.attempt, seen.state.token) == ("R", 1, "T")
    assert seen.worker == "host-1-abc"
    assert 20_000 < seen.lease_until_ms - seen.now_ms <= 30_000
    assert (seen.outcome, seen.error, seen.at_ms) == (None, b"", None)


def test_look_at_each_kind_of_job(rig: Rig) -> None:
    rig.dead("dead")
    rig.running("ended", "again")
    rig.ack("ended")
    rig.retry("again")
    rig.enqueue("new")
    dead, ended, again, new, nobody = look(rig, "dead", "ended", "again", "new", "nobody")
    now = rig.now_ms()
    assert dead.at_ms == pytest.approx(now, abs=5000)
    assert (dead.error, dead.worker) == (b"oops", "")
    assert ended.outcome is not None
    assert (ended.outcome.kind, ended.record) == ("ok", None)
    assert again.at_ms == pytest.approx(now + 60_000, abs=5000)
    assert new.record is not None
    assert (new.state, new.outcome, new.at_ms) == (None, None, None)
    assert nobody == Look("nobody", None, None, None, b"", b"", None, "", None, nobody.now_ms)


def test_look_at_an_outcome_past_its_time_sees_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.ack("a")
    rig.admin.zadd(rig.keys.key("results_expiry"), {"a": 1})
    assert look(rig, "a")[0].outcome is None
