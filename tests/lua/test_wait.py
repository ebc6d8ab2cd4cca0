"""wait: who asks is told once; what has ended is answered at once."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig

ME = "sq:streamq:reply:a-7+me"  # no pattern of Lua's
YOU = "sq:streamq:reply:you"


def test_wait_for_jobs_that_have_not_ended_remembers_who_asks(rig: Rig) -> None:
    rig.running("run")
    rig.enqueue("new")
    before = rig.state()
    asked = operations.wait(rig.keys, channel=ME, ids=["run", "new", "run"])
    answers = rig.run(asked)
    assert [a.word for a in answers] == ["waiting"] * 3
    assert answers[0].state is not None
    assert answers[0].state.place == "R"
    assert answers[1].state is None
    rig.after(before, waiters={"run": ME, "new": ME})
    with rig.unchanged():
        rig.run(asked)
    rig.wait("run", channel=YOU)
    rig.after(before, waiters={"run": f"{ME} {YOU}", "new": ME})


def test_wait_for_jobs_that_have_ended_answers_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.ack("a")
    rig.dead("d")
    with rig.unchanged():
        ended, dead, unknown = rig.run(
            operations.wait(rig.keys, channel=ME, ids=["a", "d", "nobody"])
        )
    assert ended.outcome is not None
    assert dead.state is not None
    assert (ended.word, ended.outcome.kind, ended.outcome.value) == ("ended", "ok", b"value")
    assert (dead.word, dead.state.place, dead.error) == ("dead", "D", b"oops")
    assert (unknown.word, unknown.outcome, unknown.state) == ("unknown", None, None)


def test_an_outcome_past_its_time_is_unknown_though_not_swept_yet(rig: Rig) -> None:
    rig.running("a")
    rig.ack("a")
    rig.admin.zadd(rig.keys.key("results_expiry"), {"a": 1})
    assert rig.wait("a") == ["unknown"]


def test_a_channel_that_is_part_of_anothers_name_is_another(rig: Rig) -> None:
    rig.enqueue("a")
    for channel in (ME + "1", ME, ME + "1"):
        rig.wait("a", channel=channel)
    assert rig.state()["waiters"] == {"a": f"{ME}1 {ME}"}


def test_a_job_remembers_a_hundred_channels_and_the_oldest_goes(rig: Rig) -> None:
    rig.enqueue("a")
    for i in range(102):
        rig.wait("a", channel=f"{ME}{i}")
    channels = rig.state()["waiters"]["a"].split()
    assert (len(channels), channels[0], channels[-1]) == (100, f"{ME}2", f"{ME}101")
