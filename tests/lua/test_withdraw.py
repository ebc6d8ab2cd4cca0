"""withdraw: schedules go, their jobs stay; what running code declares is left alone."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.cases_schedules import NAME, declared, fire_call, tick_id
from tests.lua.rig import Rig


def withdraw(rig: Rig, *names: str, hold_ms: int = 0) -> list[str]:
    return rig.run(op.withdraw(rig.keys, schedules=names, hold_ms=hold_ms))


def test_withdraw_leaves_nothing_but_the_jobs(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig))
    before = rig.state()
    assert withdraw(rig, NAME, "shop/nobody") == ["OK", "UNKNOWN"]
    gone = dict.fromkeys(key for key in before if key.startswith("schedule"))
    rig.after(before, **{**gone, "scheduled": before["scheduled"]})
    assert list(rig.state()["jobs"]) == [tick_id(0)]


def test_one_that_running_code_declares_is_left_alone(rig: Rig) -> None:
    declared(rig, NAME)
    with rig.unchanged():
        assert withdraw(rig, NAME, hold_ms=30_000) == ["DECLARED"]


def test_a_job_held_back_is_let_go_all_the_same(rig: Rig) -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig, 2, overlap="queue_one"))
    assert withdraw(rig, NAME) == ["OK"]
    rig.run(op.promote(rig.keys))
    rig.claim()
    rig.ack(tick_id(0))
    rig.run(op.watch(rig.keys, look_ms=2_000))
    rig.run(op.promote(rig.keys))
    assert rig.claimed("T2") == [tick_id(1)]


def test_one_that_was_declared_in_the_future_goes_if_nobody_holds_it(rig: Rig) -> None:
    """A clock that stepped back since."""
    declared(rig, NAME)
    later = rig.now_ms() + 60_000
    rig.admin.hset(rig.keys.key("schedule_seen"), NAME, f"f1 {later} {later}")
    assert withdraw(rig, NAME) == ["OK"]


def test_the_shortest_hold_is_one(rig: Rig) -> None:
    declared(rig, NAME)
    later = rig.now_ms() + 60_000
    rig.admin.hset(rig.keys.key("schedule_seen"), NAME, f"f1 {later} {later}")
    assert withdraw(rig, NAME, hold_ms=1) == ["DECLARED"]
