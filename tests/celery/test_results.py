"""Results in Celery's words, for handles and for ids, here and in another process."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from streamq import IdempotencyConflict, UnknownJob
from streamq.celery import AsyncResult, Celery, exceptions, states
from streamq.celery.exceptions import TaskRevokedError
from streamq.celery.exceptions import TimeoutError as CeleryTimeout
from tests.servers import Server
from tests.waiting import wait_until

Work = Callable[..., Any]


@pytest.fixture
def divide(app: Celery) -> Any:
    @app.task
    def divide(x: int, y: int) -> float:
        return x / y

    return divide


def test_a_result_that_is_good(divide: Any, app: Celery, work: Work) -> None:
    work(app)
    result = divide.delay(8, 2)
    assert result.get(timeout=10) == 4
    assert (result.state, result.status, result.result) == ("SUCCESS", "SUCCESS", 4)
    assert (result.ready(), result.successful(), result.failed()) == (True, True, False)
    assert (result.traceback, result.name, result.id) == (None, divide.name, result.task_id)
    assert result.get(timeout=1, interval=0.1, callback=lambda _, value: value) == 4
    result.forget()
    assert result.state == "PENDING"


def test_a_result_that_is_an_exception(divide: Any, app: Celery, work: Work) -> None:
    work(app)
    result = divide.delay(1, 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        result.get(timeout=10)
    error = result.get(propagate=False)
    assert isinstance(error, ZeroDivisionError)
    assert (result.state, repr(result.result)) == ("FAILURE", repr(error))
    assert (result.ready(), result.successful(), result.failed()) == (True, False, True)
    assert result.traceback
    assert "return x / y" in result.traceback
    assert "ZeroDivisionError" in result.traceback


def test_one_that_does_not_come_in_time(divide: Any, app: Celery) -> None:
    result = divide.delay(1, 1)
    assert (result.state, result.ready(), result.result) == ("PENDING", False, None)
    with pytest.raises(CeleryTimeout, match="waiting"):
        result.get(timeout=0.05)
    with pytest.raises(TimeoutError):
        result.get(timeout=0.05)
    assert result.maybe_throw() is None


def test_a_revoked_one(divide: Any, app: Celery) -> None:
    result = divide.apply_async((1, 1), countdown=60)
    app.control.revoke(result.id)
    assert (result.state, result.ready(), result.failed()) == ("REVOKED", True, False)
    with pytest.raises(TaskRevokedError):
        result.get()
    other = divide.delay(1, 1)
    other.revoke(terminate=True)
    assert isinstance(other.result, TaskRevokedError | None)
    assert isinstance(other.get(propagate=False), TaskRevokedError)


def test_a_running_one_goes_on_unless_it_is_terminated(app: Celery, work: Work) -> None:
    begun: list[str] = []

    @app.task(bind=True, max_retries=3)
    def nap(self: Any, seconds: float) -> str:
        begun.append(self.request.id)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.02)
        if seconds == 0.5:
            raise self.retry(countdown=0)
        return "slept"

    work(app)
    goes_on, is_last, ends = nap.delay(0.4), nap.delay(0.5), nap.delay(60)
    wait_until(lambda: len(begun) == 3, "all to run")
    goes_on.revoke()
    app.control.revoke(is_last.id)
    app.control.revoke([ends.id], terminate=True, signal="SIGKILL")
    assert goes_on.get(timeout=10) == "slept"
    for revoked in (is_last, ends):
        with pytest.raises(TaskRevokedError):
            revoked.get(timeout=10)
        assert revoked.state == "REVOKED"
    assert len(begun) == 3


def test_an_unknown_id_is_pending_and_get_says_that_nobody_knows_it(app: Celery) -> None:
    result = app.AsyncResult(str(uuid.uuid4()))
    assert (result.state, result.ready(), result.result) == ("PENDING", False, None)
    with pytest.raises(UnknownJob, match="nobody knows task"):
        result.get()
    result.forget()
    result.revoke()


def test_a_task_id_of_ones_own_finds_the_job_from_elsewhere(
    divide: Any, app: Celery, server: Server, work: Work
) -> None:
    own = str(uuid.uuid4())
    result = divide.apply_async((6, 3), task_id=own, queue="far")
    assert result.id == own
    elsewhere = Celery("elsewhere", broker=server.url)
    assert elsewhere.AsyncResult(own).state == "PENDING"
    assert elsewhere.AsyncResult(own).queue == "far"
    again = divide.apply_async((6, 3), task_id=own, queue="far")
    assert again.job.id == result.job.id
    with pytest.raises(IdempotencyConflict):
        divide.apply_async((6, 4), task_id=own, queue="far")
    work(app, queues=["far"])
    assert elsewhere.AsyncResult(own).get(timeout=10) == 2
    assert elsewhere.AsyncResult(own).state == "SUCCESS", "also when it has ended"
    assert AsyncResult(own, app=app) == result
    elsewhere.close()


def test_a_task_id_that_looks_like_one_of_streamqs(divide: Any, app: Celery) -> None:
    own = "VbmRT5RbhZuNo1KAAAA.celery"
    divide.apply_async((6, 3), task_id=own)
    assert app.AsyncResult(own).queue == "celery"
    assert app.AsyncResult(own).args == (6, 3)


def test_started_retry_and_states_of_the_tasks_own(app: Celery, work: Work) -> None:
    go, going = threading.Event(), threading.Event()

    @app.task(bind=True)
    def slow(self: Any) -> str:
        if not self.request.retries:
            raise self.retry(countdown=0.2, exc=ValueError("not yet"))
        going.set()
        go.wait(10)
        self.update_state(state="PROGRESS", meta={"current": 3, "total": 10})
        go.clear()
        going.set()
        go.wait(10)
        return "done"

    work(app)
    result = slow.delay()
    wait_until(lambda: result.state == "RETRY", "it to be retried")
    assert "not yet" in str(result.result)
    assert "ValueError: not yet" in (result.traceback or "")
    assert going.wait(10)
    assert (result.state, sorted(result.info)) == ("STARTED", ["hostname"])
    assert result.retries == 1
    going.clear()
    go.set()
    assert going.wait(10)
    wait_until(lambda: result.state == "PROGRESS", "what the task says")
    assert result.info == {"current": 3, "total": 10}
    go.set()
    assert (result.get(timeout=10), result.state) == ("done", "SUCCESS")


def test_a_result_that_is_ignored_is_none(app: Celery, work: Work) -> None:
    add = app.task(name="add", ignore_result=True)(abs)
    work(app)
    assert add.delay(1).get(timeout=10) is None


def test_celerys_exceptions_are_there_by_name() -> None:
    for name in exceptions.__all__:
        assert issubclass(getattr(exceptions, name), BaseException), name
    assert issubclass(exceptions.TimeoutError, TimeoutError)
    assert {"SUCCESS", "FAILURE", "REVOKED"} == states.READY_STATES
