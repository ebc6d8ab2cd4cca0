"""`task_always_eager` and `apply`: a task runs in place, as a worker would run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streamq.celery import Celery, EagerResult
from tests.servers import Server


@pytest.fixture
def eager() -> Iterator[Celery]:
    """An application that needs no server."""
    app = Celery("tasks", broker="redis://localhost:1", eager=True)
    yield app
    app.close()


def failing(text: str) -> int:
    return int(text)


def test_apply_async_runs_it_here(eager: Celery) -> None:
    @eager.task(bind=True)
    def add(self: Any, x: int, y: int) -> list[Any]:
        return [x + y, self.request.is_eager, self.request.id, self.request.called_directly]

    result = add.apply_async((2, 2), task_id="mine")
    assert isinstance(result, EagerResult)
    assert result.get() == [4, True, "mine", False]
    assert (result.id, result.state, result.ready()) == ("mine", "SUCCESS", True)


def test_a_retry_and_what_follows_run_here_too(eager: Celery) -> None:
    ran: list[Any] = []
    told = eager.task(name="told")(lambda what: ran.append(what))

    @eager.task(bind=True, max_retries=1)
    def fails(self: Any, times: int) -> str:
        if self.request.retries < times:
            self.retry(countdown=3600, exc=KeyError("x"))
        return "well"

    assert fails.apply_async((1,), link=told.s()).get() == "well"
    result = fails.apply_async((2,), link_error=told.s())
    assert isinstance(result.result, KeyError)
    assert (result.state, ran) == ("FAILURE", ["well", result.id])
    assert result.traceback


def test_apply_runs_it_here_whatever_the_settings_say(app: Celery) -> None:
    @app.task(bind=True)
    def where(self: Any) -> bool:
        return bool(self.request.is_eager)

    assert where.apply().get() is True
    fails = app.task(name="fails")(failing)
    result = fails.apply(("x",))
    assert result.failed()
    with pytest.raises(ValueError, match="invalid literal"):
        fails.apply(("x",), throw=True)


@pytest.mark.skipif(
    not hasattr(Celery("x", broker="redis://localhost:1").conf, "task_eager_propagates"),
    reason="this version has no such setting yet",
)
def test_task_eager_propagates_raises_at_once(eager: Celery, server: Server) -> None:
    eager.conf.task_eager_propagates = True
    task = eager.task(name="fails")(failing)
    with pytest.raises(ValueError, match="invalid literal"):
        task.delay("x")


def test_task_store_eager_result_keeps_what_ran_here(app: Celery, server: Server) -> None:
    app.conf.update(task_always_eager=True, task_store_eager_result=True)
    task = app.task(name="fails")(failing)
    good, own = task.delay("7"), task.apply_async(("8",), task_id="of-our-own")
    bad = task.delay("x")
    elsewhere = Celery("elsewhere", broker=server.url)
    assert elsewhere.AsyncResult(good.id).get(timeout=5) == 7
    assert elsewhere.AsyncResult(own.id).get(timeout=5) == 8
    found = elsewhere.AsyncResult(bad.id)
    assert (found.state, type(found.result)) == ("FAILURE", ValueError)
    assert "invalid literal" in (found.traceback or "")
    with pytest.raises(ValueError, match="invalid literal"):
        found.get(timeout=5)
    elsewhere.close()
