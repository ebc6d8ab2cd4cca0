"""audit_trails: what jobs said can be read, is bounded and has an end, whoever knows the job."""

from __future__ import annotations

import pytest
import redis

from streamq import operations
from tests.lua.rig import Rig
from tests.lua.test_line import each_version


def test_what_a_running_job_says_is_sound(rig: Rig) -> None:
    rig.running("a")
    for kind in operations.MOST_ENTRIES:
        said = operations.Said("a", "T", 1, 60_000, [b"one", b"two"])
        rig.run(operations.append(rig.keys, trail=kind, jobs=[said]))
    trails = [rig.keys.trail(kind, "a") for kind in operations.MOST_ENTRIES]
    with rig.unchanged():
        page = rig.run(
            operations.audit_trails(rig.keys, trails=[*trails, rig.keys.trail("log", "b")])
        )
    assert page == operations.AuditPage("", len(trails) + 1, [])


@pytest.mark.no_audit("a rule is broken by hand")
@each_version
def test_what_a_job_said_goes_by_itself_and_can_be_read(rig: Rig) -> None:
    """A trail of a job that nobody knows is sound for as long as it has an end, and no longer."""
    for kind in operations.MOST_ENTRIES:
        trail = rig.keys.trail(kind, "lost")
        rig.admin.xadd(trail, {"t": "run", "n": "1", "b": "text"})
        assert rig.violations() == [
            operations.Violation("what a job said goes by itself", trail, "lost")
        ]
        rig.admin.expire(trail, 60)
        assert rig.violations() == []
        rig.admin.xadd(trail, {"i": "rubbish"})
        assert rig.violations() == [
            operations.Violation("what a job said can be read", trail, "lost")
        ]
        rig.admin.xadd(trail, {"x": "run", "n": "1", "b": "text"})
        assert rig.violations() == [
            operations.Violation("what a job said can be read", trail, "lost")
        ]
        rig.admin.set(trail, "foreign", ex=60)
        assert rig.violations() == [
            operations.Violation("what a job said is a stream", trail, "lost")
        ]
        rig.admin.delete(trail)


@pytest.mark.no_audit("a rule is broken by hand")
def test_a_trail_over_its_cap_is_reported(rig: Rig) -> None:
    trail, most = rig.keys.trail("log", "lost"), operations.MOST_ENTRIES["log"]
    pipe = rig.admin.pipeline(transaction=False)
    for n in range(most + 1):
        pipe.xadd(trail, {"t": "run", "n": str(n), "b": ""})
    pipe.expire(trail, 60)
    pipe.execute()
    assert rig.violations() == [
        operations.Violation("of what a job said the newest is kept", trail, "lost")
    ]


def test_a_cap_for_each_trail_is_needed_and_none_is_none(rig: Rig) -> None:
    rig.running("a")
    said = operations.Said("a", "T", 1, 60_000, [b"one"])
    rig.run(operations.append(rig.keys, trail="log", jobs=[said]))
    call = operations.audit_trails(rig.keys, trails=[rig.keys.trail("log", "a")])
    assert "of what a job said the newest is kept" in str(rig.raw(call, ["all"]))
    for args in (["1", "1"], []):
        with pytest.raises(redis.ResponseError, match="expected"):
            rig.raw(call, args)
