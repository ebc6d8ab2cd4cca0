"""declare: the newest declaration that some worker's code has is a schedule's definition."""

from __future__ import annotations

import pytest

from streamq import operations as op
from streamq.operations import Declaration
from tests.lua.cases_schedules import NAME, declared, fire_call
from tests.lua.rig import Rig

DAY_MS = 86_400_000


def entry(rig: Rig) -> op.Timetabled:
    [found] = rig.run(op.timetable(rig.keys, names=[NAME])).entries
    return found


def age(rig: Rig, author: str, last_ms: int, first_ms: int | None = None) -> None:
    """This declaration was seen so long ago for the last time."""
    key, now = rig.keys.key("schedule_seen"), rig.now_ms()
    text: str = rig.snapshot()["schedule_seen"][NAME]
    parts = [one.split(" ") for one in text.split(";")]
    for part in parts:
        if part[0] == author:
            part[2] = str(now - last_ms)
            part[1] = str(now - (first_ms or last_ms))
    rig.admin.hset(key, NAME, ";".join(" ".join(part) for part in parts))


def test_a_first_declaration_makes_the_schedule_and_renewing_it_changes_nothing_else(
    rig: Rig,
) -> None:
    assert declared(rig, NAME, "shop/other") == ["OK", "OK"]
    seen = rig.state()
    assert seen["schedules"][NAME] == f"f1\nf1 of {NAME}"
    assert seen["schedule_state"][NAME] == "1 - now now 0 daily - - 0 0 0"
    assert seen["schedule_due"] == {NAME: 0, "shop/other": 0}
    assert seen["schedule_seen"][NAME] == "f1 now now"
    assert seen["schema"] == "1"
    with rig.unchanged("schedule_seen"):
        assert declared(rig, NAME) == ["SAME"]


def test_a_new_expression_takes_effect_at_once_and_its_ticks_begin_anew(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig))
    assert declared(rig, NAME, author="f2", timing="hourly") == ["OK"]
    found = entry(rig)
    assert (found.schedule.author, found.schedule.definition) == ("f2", f"f2 of {NAME}")
    assert (found.schedule.state.version, found.schedule.state.cursor) == (2, "-")
    assert found.schedule.state.fired == 1
    assert found.due_ms == 0


def test_other_arguments_under_the_same_timing_leave_its_ticks_alone(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig))
    declared(rig, NAME, author="f2")
    assert (entry(rig).schedule.state.cursor, entry(rig).schedule.state.version) == ("5000", 2)


def test_old_and_new_code_side_by_side_do_not_flap(rig: Rig) -> None:
    declared(rig, NAME)
    assert declared(rig, NAME, author="f2") == ["OK"]
    for _ in range(3):
        assert declared(rig, NAME) == ["OLDER"]
        assert declared(rig, NAME, author="f2") == ["SAME"]
    assert entry(rig).schedule.state.version == 2


def test_after_a_rollback_the_old_one_is_back_once_nobody_declares_the_new_one(rig: Rig) -> None:
    declared(rig, NAME)
    age(rig, "f1", 60_000)
    declared(rig, NAME, author="f2")
    age(rig, "f2", 29_000)
    assert declared(rig, NAME) == ["OLDER"]
    age(rig, "f2", 31_000)
    assert declared(rig, NAME) == ["OK"]
    assert declared(rig, NAME, author="f2") == ["OK"], "and so does the new one, once it is back"


def test_of_two_old_ones_the_newer_follows(rig: Rig) -> None:
    for author, first in (("f1", 300_000), ("f2", 200_000), ("f3", 100_000)):
        declared(rig, NAME, author=author)
        age(rig, author, 1_000 if author != "f3" else 40_000, first)
    assert declared(rig, NAME, author="f1") == ["OLDER"]
    assert declared(rig, NAME, author="f2") == ["OK"]


def test_what_nobody_declared_for_a_day_is_new_again(rig: Rig) -> None:
    declared(rig, NAME)
    declared(rig, NAME, author="f2")
    age(rig, "f1", DAY_MS + 10_000)
    assert declared(rig, NAME) == ["OK"]


def test_what_was_set_at_run_time_stays_until_the_code_says_something_new(rig: Rig) -> None:
    declared(rig, NAME)
    call = op.define(rig.keys, schedule=NAME, version=1, timing="hourly", definition="mine")
    assert rig.run(call) == "OK"
    age(rig, "f1", 2 * DAY_MS)
    assert declared(rig, NAME) == ["OLDER"]
    assert entry(rig).schedule.definition == "mine"
    assert declared(rig, NAME, author="f2") == ["OK"]


def test_a_pause_outlives_a_new_definition(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(op.suspend(rig.keys, schedules=[NAME], paused=True))
    assert declared(rig, NAME, author="f2", timing="hourly") == ["OK"]
    assert (entry(rig).schedule.state.paused, entry(rig).due_ms) == (True, None)


def test_a_schedule_that_moved_to_another_queue_ticks_here_no_more_and_may_come_back(
    rig: Rig,
) -> None:
    moved = op.declare(rig.keys, declarations=[Declaration(NAME, "f2", "daily", "")])
    with rig.unchanged():
        assert rig.run(moved) == ["UNKNOWN"]
    declared(rig, NAME)
    assert rig.run(moved) == ["OK"]
    assert (entry(rig).schedule.definition, entry(rig).due_ms) == ("", None)
    assert declared(rig, NAME) == ["OLDER"], "old code doesn't bring it back"
    assert declared(rig, NAME, author="f3") == ["OK"]
    assert entry(rig).schedule.state.cursor == "-"


def test_eight_declarations_are_remembered(rig: Rig) -> None:
    for number in range(12):
        declared(rig, NAME, author=f"f{number}")
        age(rig, f"f{number}", 1_000 * (20 - number))
    assert len(rig.snapshot()["schedule_seen"][NAME].split(";")) == 8


@pytest.mark.no_audit("another release's data model stands there")
def test_another_data_model_is_refused(rig: Rig) -> None:
    rig.admin.set(rig.keys.key("schema"), "2")
    with rig.unchanged(), pytest.raises(Exception, match="SCHEMA"):
        declared(rig, NAME)


def test_a_declaration_that_nobody_remembers_but_is_the_definition_changes_nothing(
    rig: Rig,
) -> None:
    declared(rig, NAME)
    rig.admin.delete(rig.keys.key("schedule_seen"))
    assert declared(rig, NAME) == ["SAME"]
