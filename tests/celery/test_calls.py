"""`apply_async` and its options: each row of the page about Celery's calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamq import ConfigurationError, JobState
from streamq.celery import Celery
from streamq.celery.call_options import CALL_OPTIONS
from streamq.celery.exceptions import (
    SoftTimeLimitExceeded,
    TaskRevokedError,
    TimeLimitExceeded,
)
from tests.waiting import wait_until

Work = Callable[..., Any]


@pytest.fixture
def request_of(app: Celery) -> Any:
    """A task that returns the named parts of its request."""

    @app.task(bind=True, name="request_of")
    def request_of(self: Any, *names: str) -> list[Any]:
        return [self.request.get(name) for name in names]

    return request_of


def test_a_run_knows_its_limits(app: Celery, work: Work, request_of: Any) -> None:
    work(app)
    limited = request_of.apply_async(("timelimit",), time_limit=50, soft_time_limit=40)
    assert limited.get(timeout=20) == [(50, 40)]
    assert request_of.delay("timelimit").get(timeout=20) == [(None, None)]


def test_limits_on_running_time_are_celerys(app: Celery, work: Work) -> None:
    @app.task(bind=True, name="slow", time_limit=0.6)
    def slow(self: Any) -> str:
        try:
            for _ in range(600):
                time.sleep(0.05)
        except SoftTimeLimitExceeded:
            return "softly"
        return "not stopped"

    work(app)
    assert slow.apply_async(soft_time_limit=0.3).get(timeout=20) == "softly"
    with pytest.raises(TimeLimitExceeded):
        slow.delay().get(timeout=20)


def test_countdown_and_eta_say_when(app: Celery, request_of: Any) -> None:
    before = datetime.now(UTC)
    soon = request_of.apply_async(countdown=30).job.info()
    assert timedelta(seconds=29) < soon.due_at - before < timedelta(seconds=35)
    at = before + timedelta(minutes=5)
    for eta in (at, at.replace(tzinfo=None)):  # one without a zone is in `timezone`: UTC
        due = request_of.apply_async(eta=eta).job.info().due_at
        assert abs(due - at) < timedelta(seconds=0.1)


def test_expires_revokes_what_comes_too_late(app: Celery, request_of: Any, work: Work) -> None:
    gone = request_of.apply_async(expires=datetime.now(UTC) - timedelta(seconds=1))
    kept = request_of.apply_async(("expires",), expires=60)
    work(app)
    assert kept.get(timeout=10) == [60]
    with pytest.raises(TaskRevokedError):
        gone.get(timeout=10)
    assert gone.state == "REVOKED"


def test_the_request_knows_what_the_call_said(app: Celery, request_of: Any, work: Work) -> None:
    names = ["id", "task", "args", "kwargs", "retries", "headers", "called_directly", "is_eager"]
    names += ["shadow", "correlation_id"]
    work(app)
    result = request_of.apply_async(names, headers={"tenant": 7}, task_id="mine", shadow="other")
    assert result.get(timeout=10) == [
        *("mine", "request_of", names, {}, 0),
        *({"tenant": 7}, False, False, "other", "mine"),
    ]
    hostname, info = request_of.delay("hostname", "delivery_info").get(timeout=10)
    assert hostname.startswith("streamq@")
    assert (info["routing_key"], info["redelivered"]) == ("celery", False)
    direct = request_of("id", "called_directly", "retries", "nothing")
    assert direct == [None, True, 0, None]


def test_a_queue_of_the_call_the_task_and_the_default(app: Celery, request_of: Any) -> None:
    mail = app.task(name="mail", queue="mail")(abs)
    assert [
        request_of.delay().queue,
        mail.delay(1).queue,
        mail.apply_async((1,), queue="low").queue,
    ] == ["celery", "mail", "low"]
    assert app.queues() == ["celery", "mail"]


def test_ignore_result_of_call_and_task(app: Celery, request_of: Any) -> None:
    quiet = app.task(name="quiet", ignore_result=True)(abs)
    ids = [
        request_of.delay().id,
        request_of.apply_async(ignore_result=True).id,
        quiet.delay(1).id,
        quiet.apply_async((1,), ignore_result=False).id,
    ]
    assert [one[19] for one in ids] == [".", "-", "-", "."], "the ids say so"


def test_priority_runs_from_0_the_highest(app: Celery, work: Work) -> None:
    ran: list[int] = []
    task = app.task(name="task", priority=5)(lambda number: ran.append(number))
    for number in (9, 0, 1, 6):
        task.apply_async((number,), priority=number)
    task.delay(5)
    other = app.task(name="other")(lambda number: ran.append(number))
    other.delay(-1)  # one that says none is of the highest, as in Celery
    work(app, threads=1)
    task.apply_async((99,), priority=9).get(timeout=10)
    assert sorted(ran[:2]) == [-1, 0]
    assert ran[2:] == [1, 5, 6, 9, 99]


@pytest.mark.parametrize("wrong", [10, -1, "high", True])
def test_a_priority_that_is_none_is_refused(app: Celery, request_of: Any, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"priority={wrong!r}: must be"):
        request_of.apply_async(priority=wrong)


def test_the_rate_limit_of_the_notes_route_limits(app: Celery, work: Work) -> None:
    app.conf.task_routes = {"tasks.add": {"rate_limit": "10/m"}}
    add = app.task(name="tasks.add")(lambda x, y: x + y)
    work(app)
    first, second = add.delay(4, 4), add.delay(1, 1)
    assert first.get(timeout=10) == 8
    wait_until(lambda: second.job.info().state is JobState.PARKED, "it to be parked")
    waits = second.job.info()
    assert (waits.reason, waits.attempt) == ("rate limit", 0)
    assert not second.ready()
    with pytest.raises(TimeoutError):
        second.get(timeout=0.2)  # the next one starts 6 s after the first


def test_retry_is_as_it_is(app: Celery, request_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    request_of.apply_async(retry=True)
    assert not caplog.records
    request_of.apply_async(retry=False)
    assert "retry=False means nothing here" in caplog.text


def test_a_misspelt_option_is_refused_with_the_nearest(app: Celery, request_of: Any) -> None:
    with pytest.raises(TypeError, match="'countdwon'; did you mean 'countdown'"):
        request_of.apply_async(countdwon=3)
    with pytest.raises(TypeError, match="did you mean 'task_id'"):
        app.send_task("elsewhere", taskid="x")


def test_streamqs_own_options_are_taken_too(app: Celery, request_of: Any) -> None:
    result = request_of.apply_async(tags=("billing",), max_crashes=1)
    assert result.job.info().tags == ("billing",)
    assert not CALL_OPTIONS & {"tags", "max_crashes"}


def test_a_task_sent_by_name_from_elsewhere(app: Celery, request_of: Any, work: Work) -> None:
    work(app)
    elsewhere = Celery("elsewhere", broker=app.conf.broker)
    result = elsewhere.send_task("request_of", ["id"], task_id="by-name")
    assert (result.id, result.get(timeout=10)) == ("by-name", ["by-name"])
    elsewhere.close()


def test_what_is_not_here_says_what_to_use(app: Celery) -> None:
    with pytest.raises(ConfigurationError, match="streamq inspect"):
        app.control.inspect()
    with pytest.raises(ConfigurationError, match=r"no self\.replace yet"):
        app.task(name="a")(abs).replace(None)
