"""audit, of schedules: each rule, broken by hand, is named with its key and member."""

from __future__ import annotations

import pytest

from tests.lua.breaking import Broken, assert_named
from tests.lua.cases_schedules import NAME, declared, fire_call, tick_id
from tests.lua.rig import Rig

BREAKS: dict[str, Broken] = {
    "its state is lost": (
        lambda r, k: r.admin.hdel(k("schedule_state"), NAME),
        *("a schedule has a state", "schedule_due", NAME),
    ),
    "its definition is lost": (
        lambda r, k: r.admin.hdel(k("schedules"), NAME),
        *("a schedule has a definition", "schedules", NAME),
    ),
    "nobody looks at it": (
        lambda r, k: r.admin.zrem(k("schedule_due"), NAME),
        *("a schedule is due unless paused or at its end", "schedule_due", NAME),
    ),
    "it is looked at too early": (
        lambda r, k: r.admin.zadd(k("schedule_due"), {NAME: 17}),
        *("a schedule is not due before its cursor", "schedule_due", NAME),
    ),
    "a run is damaged": (
        lambda r, k: r.admin.hset(k("schedule_runs"), tick_id(0), "rubbish"),
        *("a run can be read", "schedule_runs", tick_id(0)),
    ),
    "a run stays open": (
        lambda r, k: r.admin.hset(k("schedule_runs"), "gone", f"{NAME} 1 2 - 0 0"),
        *("an open run has a job, or word of its end", "schedule_runs", "gone"),
    ),
    "nothing lets a job go": (
        lambda r, k: r.admin.delete(k("schedule_held")),
        *("a job is held back behind another", "schedule_held", tick_id(1)),
    ),
    "it is held back behind the wrong one": (
        lambda r, k: r.admin.hset(k("schedule_held"), "other", tick_id(1)),
        *("a job held back names the one before it", "schedule_held", "other"),
    ),
}


@pytest.mark.no_audit("a rule is broken by hand")
@pytest.mark.parametrize("any_server", ["redis70", "valkey9"], indirect=True)
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_named(rig: Rig, name: str) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig, 2, overlap="queue_one"))
    assert rig.violations() == []
    assert_named(rig, BREAKS[name])
