"""One job, and why it is where it is: each reason."""

from __future__ import annotations

import time

import pytest

from streamq import StreamQ, UnknownJob, inspection
from streamq.ids import IdMaker
from streamq.job import JobState
from streamq.operations import reclaim
from tests.inspection.hand import Hand
from tests.waiting import wait_until


def why(app: StreamQ, job_id: str) -> tuple[str, str]:
    info = inspection.job(app, job_id)
    return str(info.state), inspection.why(app, info)


def test_a_waiting_job_says_how_many_go_first(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(3)])
    assert why(app, jobs[0].id) == ("waiting", "next in its queue")
    assert why(app, jobs[1].id) == ("waiting", "behind 1 job")
    assert why(app, jobs[2].id) == ("waiting", "behind 2 jobs")


def test_a_long_queue_is_counted_so_far_and_then_estimated(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(1300)])
    assert why(app, jobs[-1].id)[1].startswith("behind about 1,")


def test_a_waiting_job_without_a_worker_says_so(app: StreamQ) -> None:
    job = app.tasks["shop.send"].delay("me")
    said = "next in its queue; no worker serves queue 'mail' now"
    assert why(app, job.id) == ("waiting", said)


def test_a_delayed_job_says_when_it_is_due(app: StreamQ) -> None:
    job = app.tasks["shop.add"].options(countdown=60).delay(1)
    info = inspection.job(app, job.id)
    assert info.state is JobState.SCHEDULED
    assert info.due_at is not None
    assert why(app, job.id)[1] == f"due at {info.due_at:%Y-%m-%d %H:%M:%S} UTC"


def test_a_retry_says_what_failed_and_when_it_is_due(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    hand.again(job.id, ValueError("not today"))
    said = why(app, job.id)[1]
    assert said.startswith("retry after attempt 1 failed: ")
    assert "ValueError: not today; due at " in said


def test_a_parked_job_names_the_nearest_task(app: StreamQ, hand: Hand) -> None:
    job = app.send_task("shop.ad", (1,))
    hand.claim()
    hand.strand(job.id)
    said = "no worker that serves queue 'default' knows task 'shop.ad'; "
    assert why(app, job.id) == ("parked", said + "the nearest known is 'shop.add'")


def test_a_running_job_names_its_worker(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    info = inspection.job(app, job.id)
    assert info.worker == hand.name
    state, said = why(app, job.id)
    assert state == "running"
    assert said.startswith("runs since 20")
    assert said.endswith(f" s) on {hand.name}")


def test_a_job_that_came_back_says_from_where(app: StreamQ, hand: Hand) -> None:
    released, crashed, lost = app.tasks["shop.add"].delay_many([(n,) for n in range(3)])
    hand.claim(2)
    hand.release(released.id)
    hand.release(crashed.id, crashed=True)
    assert why(app, released.id)[1].startswith("handed back unrun by a worker that stopped; next")
    assert why(app, crashed.id)[1].startswith("taken back from a worker that was killed; behind 1")
    assert inspection.job(app, crashed.id).crashes == 1
    hand.claim(2)
    assert hand.claim(1, lease_ms=1) == [lost.id]
    time.sleep(0.01)

    def take_back() -> bool:
        found = app.client.run(reclaim(hand.keys, lease_ms=100, gap_ms=60_000))
        return bool(found.returned)

    wait_until(take_back, "the lease to be taken back")
    assert why(app, lost.id)[1].startswith("taken back from a worker whose lease ran out")


def test_a_dead_job_says_what_killed_it(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1, y=2)
    hand.claim()
    hand.fail(job.id, KeyError("price"))
    info = inspection.job(app, job.id)
    assert (info.args, info.kwargs) == ((1,), {"y": 2})
    assert info.reason == "failed"
    assert isinstance(info.error, KeyError)
    assert why(app, job.id) == ("dead", "its last attempt failed: KeyError: 'price'")


def test_an_ended_job_has_its_result(app: StreamQ, hand: Hand) -> None:
    done, gone = app.tasks["shop.add"].delay(1), app.tasks["shop.add"].delay(2)
    hand.claim()
    hand.succeed(done.id, {"total": 3})
    gone.cancel()
    info = inspection.job(app, done.id)
    assert (info.state, info.result, info.run_seconds) == (
        JobState.SUCCEEDED,
        {"total": 3},
        1.2,
    )
    assert why(app, gone.id) == ("cancelled", "it was cancelled before it started")


def test_an_id_that_nobody_knows_is_refused(app: StreamQ) -> None:
    app.tasks["shop.add"].delay(1)
    with pytest.raises(UnknownJob, match="Nobody knows job"):
        inspection.job(app, IdMaker().new_id("default", kept=True))
    with pytest.raises(UnknownJob, match="no queue 'nowhere' was ever used here"):
        inspection.job(app, IdMaker().new_id("nowhere", kept=True))
    with pytest.raises(UnknownJob, match="is not a job id of streamq"):
        inspection.job(app, "what?")


def test_an_id_that_holds_only_the_hash_of_its_queue_is_found(app: StreamQ) -> None:
    job = app.tasks["shop.add"].options(queue="a-very-long-name-of-a-queue-" * 4).delay(1)
    assert inspection.job(app, job.id).queue == "a-very-long-name-of-a-queue-" * 4
