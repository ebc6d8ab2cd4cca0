"""audit: for every key of the data model, a member that belongs to nobody is reported."""

from __future__ import annotations

import pytest

from streamq import operations
from streamq.keys import NAMES
from tests.lua.rig import Rig, key_type
from tests.lua.test_line import each_version

ORPHANS = {
    "jobs": "lost",
    "state": "lost",
    "stream": "lost",
    "returned": "lost",
    "unique": "lost",
    "heirs": "lost",
    "stranded": "t lost",
    "parked": "t|a\x0050000000000000001 lost",
    "line": "*\0a\x0050000000000000001 lost\0t|a",
    "turns": "*\x00500000000000000\0a",
    "places": "t|a",
    "gates": "cone",
    "lanes": "a",
    "rates": "t|a",  # no limiter's
    "slots": "cone\0lost",
    "pumped": "lost",
    "timers": "x lost",
    "limits": "pause lane a",  # nobody would see it
    "cancelling": "w lost",
    "leases": "lost",
    "claims": "lost",
    "held": "lost",
    "scheduled": "lost",
    "dead": "lost",
    "errors": "lost",
    "progress": "lost",
    "checkpoints": "lost",
    "results": "lost",
    "results_expiry": "lost",
    "waiters": "lost",
    "outbox": "lost",
    "schedule_state": "lost",
    "schedule_due": "lost",
    "schedule_runs": "lost",
}
GOES_BY_ITSELF = {"schedule_held"}  # with the next look at schedules
NOT_OF_JOBS = {
    *("schema", "replies", "workers", "worker_info", "orders", "policy", "tally", "tallied"),
    *("history", "counts", "rhythm", "inbox", "wake", "dropped"),
    *("schedules", "schedule_seen", "schedule_log", "schedule_ended"),
}


def test_every_key_is_here() -> None:
    assert {*ORPHANS} | GOES_BY_ITSELF | NOT_OF_JOBS == {*NAMES}
    assert {*ORPHANS} <= {*operations.STRUCTURES}


@pytest.mark.no_audit("a rule is broken by hand")
@each_version
def test_what_belongs_to_nobody_is_reported(rig: Rig) -> None:
    """And what can't be read is, too, rather than stopping the audit."""
    rig.running("runs", opts="q=a|cone=2|rone=1=1")
    for name, member in ORPHANS.items():
        for orphan in (member, "?rubbish"):
            put_back = rig.admin.dump(rig.keys.key(name))
            put_in(rig, name, orphan)
            assert rig.violations() != [], (name, orphan)
            rig.admin.delete(rig.keys.key(name))
            if put_back:
                rig.admin.restore(rig.keys.key(name), 0, put_back)
    assert rig.violations() == []


def put_in(rig: Rig, name: str, member: str) -> None:
    key = rig.keys.key(name)
    if key_type(name) == "hash":
        rig.admin.hset(key, member, "lost")
    elif key_type(name) == "zset":
        rig.admin.zadd(key, {member: 1})
    else:
        rig.admin.xadd(key, {"i": member})
