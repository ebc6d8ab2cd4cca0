"""`@app.cron` and `@app.every` above Celery's tasks: what stands in for `beat_schedule`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamq.celery import Celery, Task
from tests.waiting import wait_until


def test_a_scheduled_task_stays_what_it_is(app: Celery, work: Callable[..., Any]) -> None:
    ran: list[Any] = []

    @app.every(0.2, args=(16,))
    @app.task(bind=True, name="tasks.add", queue="mail")
    def add(self: Any, x: int, y: int = 0) -> None:
        ran.append((self.request.id is not None, self.request.called_directly, x + y))

    assert isinstance(add, Task)
    assert app.tasks["tasks.add"] is add
    assert list(app.schedules.declared) == ["tasks.add"]
    work(app, queues=["mail"])
    wait_until(lambda: ran, "its first tick")
    assert ran[0] == (True, False, 16)


def test_a_function_becomes_a_task_of_celerys(app: Celery) -> None:
    @app.cron("0 3 * * *")
    def clean() -> None: ...

    assert isinstance(clean, Task)
    assert clean.name == f"{__name__}.clean"
    assert [one.task for one in app.schedules.declared.values()] == [clean.name]


def test_arguments_that_the_task_does_not_take_are_refused(app: Celery) -> None:
    task = app.task(name="clean")(lambda: None)
    with pytest.raises(TypeError, match=r"@app\.every\(5\) on clean"):
        app.every(5, args=(1,))(task)
