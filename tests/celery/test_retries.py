"""`self.retry`, `autoretry_for` and what a task may raise to say how it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamq import ConfigurationError, GiveUp
from streamq.celery import Celery
from streamq.celery.exceptions import Ignore, MaxRetriesExceededError, Reject, Retry
from streamq.celery.request import Context, enter, leave
from streamq.celery.retrying import backoff

Work = Callable[..., Any]


def test_retry_runs_it_again_and_request_counts(app: Celery, work: Work) -> None:
    seen: list[tuple[str, int, bool]] = []

    @app.task(bind=True, max_retries=3, default_retry_delay=0)
    def flaky(self: Any) -> str:
        seen.append((self.request.id, self.request.retries, self.request.called_directly))
        if self.request.retries < 2:
            self.retry(exc=ValueError("soon"))
        return "well"

    work(app)
    result = flaky.delay()
    assert result.get(timeout=10) == "well"
    assert seen == [(result.id, n, False) for n in range(3)]


def test_over_max_retries_it_fails_with_the_given_exception(app: Celery, work: Work) -> None:
    runs: list[int] = []

    @app.task(bind=True)
    def fails(self: Any, most: int | None) -> None:
        runs.append(self.request.retries)
        self.retry(exc=KeyError("in the end"), countdown=0, max_retries=most)

    work(app)
    with pytest.raises(KeyError, match="in the end"):
        fails.delay(1).get(timeout=10)
    assert runs == [0, 1]
    assert isinstance(fails.delay(None).get(timeout=10, propagate=False), KeyError)
    assert len(runs) == 2 + 4, "3 is the default"


def test_without_an_exception_it_says_that_it_was_tried_too_often(app: Celery, work: Work) -> None:
    @app.task(bind=True, max_retries=0)
    def fails(self: Any, x: int) -> None:
        self.retry(countdown=0)

    work(app)
    result = fails.delay(7)
    with pytest.raises(MaxRetriesExceededError) as caught:
        result.get(timeout=10)
    assert str(caught.value) == f"Can't retry {fails.name}[{result.id}] args:[7] kwargs:{{}}"


def test_a_point_in_time_and_no_throw(app: Celery, work: Work) -> None:
    @app.task(bind=True)
    def later(self: Any) -> int:
        if not self.request.retries:
            self.retry(eta=datetime.now(UTC) + timedelta(seconds=0.3), throw=False)
            return -1
        return int(self.request.retries)

    work(app)
    assert later.delay().get(timeout=10) == 1


def test_autoretry_for_and_what_is_left_out_of_it(app: Celery, work: Work) -> None:
    runs: list[str] = []

    @app.task(
        autoretry_for=(LookupError,),
        dont_autoretry_for=(IndexError,),
        retry_kwargs={"max_retries": 2, "countdown": 0},
    )
    def fetch(kind: str) -> None:
        runs.append(kind)
        raise {"key": KeyError, "index": IndexError, "value": ValueError}[kind](kind)

    work(app)
    for kind in ("key", "index", "value"):
        with pytest.raises((KeyError, IndexError, ValueError), match=kind):
            fetch.delay(kind).get(timeout=10)
    assert runs == ["key"] * 3 + ["index", "value"]


def test_autoretry_of_an_async_task(app: Celery, work: Work) -> None:
    @app.task(bind=True, autoretry_for=(OSError,), default_retry_delay=0)
    async def fetch(self: Any) -> int:
        if self.request.retries < 2:
            raise OSError("away")
        return int(self.request.retries)

    work(app)
    assert fetch.delay().get(timeout=10) == 2


def test_backoff_doubles_up_to_its_bound_and_jitter_takes_from_it(app: Celery) -> None:
    task = app.task(name="a", retry_backoff=True, retry_jitter=False)(abs)
    assert [backoff(task, n) for n in range(4)] == [1, 2, 4, 8]
    task = app.task(name="b", retry_backoff=5, retry_backoff_max=30, retry_jitter=False)(abs)
    assert [backoff(task, n) for n in range(5)] == [5, 10, 20, 30, 30]
    task = app.task(name="c", retry_backoff=10)(abs)
    drawn = {backoff(task, 3) for _ in range(400)}
    assert min(drawn) < 20
    assert 60 < max(drawn) <= 80


def test_a_retry_keeps_its_arguments(app: Celery) -> None:
    task = app.task(name="add", bind=True)(lambda self, x: x)
    token = enter(Context(task="add", id="i", args=[1], kwargs={}, called_directly=False))
    try:
        with pytest.raises(Retry, match="Retry in 180s"):
            task.retry(args=(1,), kwargs={})
        with pytest.raises(ConfigurationError, match="other arguments"):
            task.retry(args=(2,))
    finally:
        leave(token)


def test_called_directly_retry_raises_what_it_was_given(app: Celery) -> None:
    @app.task(bind=True)
    def fails(self: Any) -> None:
        assert self.request.called_directly
        self.retry(exc=KeyError("here"))

    with pytest.raises(KeyError, match="here"):
        fails()


def test_ignore_and_reject(app: Celery, work: Work) -> None:
    runs: list[bool] = []

    @app.task(bind=True)
    def says(self: Any, how: str) -> str:
        runs.append(self.request.delivery_info["redelivered"])
        if how == "ignore":
            raise Ignore
        if how == "requeue" and len(runs) < 3:
            raise Reject("not me", requeue=True)
        if how == "reject":
            raise Reject("bad address")
        return str(self.request.retries)

    work(app)
    assert says.delay("ignore").get(timeout=10) is None
    assert says.delay("requeue").get(timeout=10) == "0"
    with pytest.raises(GiveUp, match="bad address"):
        says.delay("reject").get(timeout=10)


def test_streamqs_own_attempts_work_beside_it(app: Celery, work: Work) -> None:
    failures: list[int] = []

    class Base(app.Task):  # type: ignore[name-defined,misc]
        def on_failure(self, *_: Any) -> None:
            failures.append(self.request.retries)

    @app.task(base=Base, max_attempts=3, backoff=0)
    def fails() -> None:
        raise OSError("away")

    work(app)
    with pytest.raises(OSError, match="away"):
        fails.delay().get(timeout=10)
    assert failures == [2], "once, in the end"
