"""suspend: a paused schedule has no ticks, and makes none up when it goes on."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.cases_schedules import NAME, declared, fire_call
from tests.lua.rig import Rig


def suspend(rig: Rig, *names: str, paused: bool = True) -> list[str]:
    return rig.run(op.suspend(rig.keys, schedules=names, paused=paused))


def test_pause_takes_it_off_the_list_and_resume_aims_it_from_now(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig))
    before = rig.state()
    assert suspend(rig, NAME, "shop/nobody") == ["OK", "UNKNOWN"]
    rig.after(
        before,
        schedule_due=None,
        schedule_state={
            NAME: before["schedule_state"][NAME].replace("5000 now now 0", "- now now 1")
        },
    )
    with rig.unchanged():
        assert suspend(rig, NAME) == ["ALREADY"]
    assert suspend(rig, NAME, paused=False) == ["OK"]
    seen = rig.state()
    assert seen["schedule_due"] == {NAME: 0}
    assert seen["schedule_state"][NAME].startswith("1 - now now 0 ")


def test_one_at_its_end_stays_there(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig, next_cursor="end", look_at_ms=0))
    suspend(rig, NAME)
    assert suspend(rig, NAME, paused=False) == ["OK"]
    assert "schedule_due" not in rig.state()
