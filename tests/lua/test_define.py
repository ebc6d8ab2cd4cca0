"""define: schedules made and changed at run time; who read an older version is told."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.cases_schedules import NAME, declared, fire_call
from tests.lua.rig import Rig


def define(rig: Rig, version: int, text: str = "x", timing: str = "daily") -> str:
    call = op.define(rig.keys, schedule=NAME, version=version, timing=timing, definition=text)
    return rig.run(call)


def test_define_makes_a_schedule_that_is_due_to_be_aimed(rig: Rig) -> None:
    assert define(rig, 0) == "OK"
    seen = rig.state()
    assert seen["schedules"] == {NAME: "-\nx"}
    assert seen["schedule_state"] == {NAME: "1 - now now 0 daily - - 0 0 0"}
    assert seen["schedule_due"] == {NAME: 0}
    assert seen["schema"] == "1"


def test_a_repeat_after_a_lost_reply_is_no_conflict_and_another_one_is(rig: Rig) -> None:
    define(rig, 0)
    with rig.unchanged():
        assert define(rig, 0) == "OK"
        assert define(rig, 0, "y") == "STALE"
        assert define(rig, 7, "y") == "STALE"


def test_a_change_of_timing_begins_anew_another_one_does_not(rig: Rig) -> None:
    define(rig, 0)
    rig.run(fire_call(rig))
    assert define(rig, 1, "other arguments") == "OK"
    assert rig.state()["schedule_state"][NAME].startswith("2 5000 ")
    assert define(rig, 2, "hourly", "hourly") == "OK"
    assert rig.state()["schedule_state"][NAME].startswith("3 - now now 0 hourly ")


def test_what_the_code_declared_can_be_changed(rig: Rig) -> None:
    declared(rig, NAME)
    assert define(rig, 0) == "STALE", "it is there"
    assert define(rig, 1) == "OK"
    assert rig.state()["schedules"] == {NAME: "-\nx"}


def test_one_that_moved_to_another_queue_is_made_here_anew(rig: Rig) -> None:
    assert define(rig, 0) == "OK"
    rig.admin.hset(rig.keys.key("schedules"), NAME, "f1\n")  # as the application leaves it
    assert define(rig, 0, text="mine") == "OK"
    assert rig.state()["schedules"][NAME] == "-\nmine"
