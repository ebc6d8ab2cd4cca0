"""Acting on jobs: cancel, and the dead."""

from __future__ import annotations

import asyncio

import pytest

from streamq import Cancellation, StreamQ, UnknownJob, control, inspection
from streamq.control import Answer
from tests.inspection.hand import Hand


def test_cancel_takes_back_what_has_not_started_and_asks_for_the_end_of_what_runs(
    app: StreamQ, hand: Hand
) -> None:
    add = app.tasks["shop.add"]
    running, waiting = add.delay(1), add.delay(2)
    scheduled = add.options(countdown=60).delay(3)
    mail = app.tasks["shop.send"].delay("me")
    hand.claim()
    ids = [job.id for job in (running, waiting, scheduled, mail)]
    assert control.cancel(app, ids) == {
        running.id: Cancellation.ASKED,
        waiting.id: Cancellation.CANCELLED,
        scheduled.id: Cancellation.CANCELLED,
        mail.id: Cancellation.CANCELLED,
    }
    assert control.cancel(app, [waiting.id]) == {waiting.id: Cancellation.CANCELLED}
    assert inspection.job(app, running.id).reason == "it is to be cancelled"
    assert str(inspection.job(app, waiting.id).state) == "cancelled"


def test_what_is_no_id_is_refused_before_anything_is_changed(app: StreamQ) -> None:
    job = app.tasks["shop.add"].delay(1)
    with pytest.raises(UnknownJob):
        control.cancel(app, [job.id, "what?"])
    assert str(job.state) == "waiting"


def test_dead_jobs_are_found_by_task_and_age(app: StreamQ, hand: Hand) -> None:
    ids = hand.bury(*[ValueError("no")] * 5)
    assert set(control.find_dead(app)) == set(ids)
    assert set(control.find_dead(app, queue="default", task="shop.add")) == set(ids)
    assert control.find_dead(app, task="shop.send") == []
    assert control.find_dead(app, older_than=60) == []
    assert set(control.find_dead(app, older_than=0)) == set(ids)
    assert control.find_dead(app, queue="mail") == []


def test_dead_jobs_run_again_once_and_from_the_start(app: StreamQ, hand: Hand) -> None:
    ids = hand.bury(*[ValueError("no")] * 3)
    told: list[int] = []
    answers = control.dead_retry(app, ids, told.append)
    assert set(answers.values()) == {Answer.DONE}
    assert told == [3]
    assert set(control.dead_retry(app, ids).values()) == {Answer.ENDED}
    info = inspection.job(app, ids[0])
    assert (str(info.state), info.attempt) == ("waiting", 0)
    assert inspection.why(app, info).startswith("it was dead, and is to run again")


def test_dead_jobs_are_deleted_for_good(app: StreamQ, hand: Hand) -> None:
    ids = hand.bury(*[ValueError("no")] * 3)
    assert set(asyncio.run(_delete(app, ids)).values()) == {Answer.DONE}
    assert control.find_dead(app) == []
    assert inspection.counts(app, "default").counters["deleted"] == 3


async def _delete(app: StreamQ, ids: list[str]) -> dict[str, Answer]:
    answers = await control.adead_delete(app, ids)
    await app.aclose()
    return answers
