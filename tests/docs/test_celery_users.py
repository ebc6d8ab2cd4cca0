"""Somebody's first lines, written for Celery: with another import they do the same here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from streamq import ConfigurationError, JobState, WaitTimeout
from streamq import StreamQ as Celery
from tests.conftest import MakeServer
from tests.servers_process import end, spawn

TASKS = """
import os
from streamq import StreamQ as Celery

app = Celery("tasks", backend=os.environ["URL"], broker=os.environ["URL"])

@app.task
def add(x, y):
    return x + y

@app.task
def divide(x, y):
    return x / y
"""


def test_an_application_needs_a_name_and_a_broker_and_connects_to_nothing() -> None:
    app = Celery("tasks", broker="redis://localhost")

    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    assert add(4, 4) == 8
    assert add.name == f"{__name__}.add"


def test_results_may_be_named_beside_the_broker_where_they_are_the_same() -> None:
    Celery("tasks", backend="redis://localhost", broker="redis://localhost")
    Celery("tasks", backend="redis://localhost:6379/0", broker="redis://localhost")
    with pytest.raises(ConfigurationError, match="another server than the broker"):
        Celery("tasks", backend="redis://elsewhere", broker="redis://localhost")


@pytest.mark.parametrize("broker", ["pyamqp://guest@localhost//", "amqp://localhost"])
def test_a_broker_that_is_no_redis_is_refused_by_its_name(broker: str) -> None:
    with pytest.raises(ConfigurationError, match="amqp"):
        Celery("tasks", broker=broker)


def test_settings_of_celery_are_those_here_or_refused_by_name_and_not_ignored() -> None:
    app = Celery("tasks", broker="redis://localhost")
    app.conf.task_serializer = "json"
    app.conf.update(timezone="Europe/Oslo", enable_utc=True)
    with pytest.raises(ConfigurationError, match="'worker_direct' is Celery's"):
        app.conf.update(worker_direct=True)


@pytest.fixture
def tasks(
    make_server: MakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The module, imported, on a server of its own, with a worker that runs its jobs."""
    (tmp_path / "tasks.py").write_text(TASKS)
    monkeypatch.setenv("URL", make_server(tcp=True).url)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tasks", raising=False)
    worker = spawn(
        [sys.executable, "-m", "streamq.cli", "-A", "tasks", "worker", "--loglevel=INFO"],
        output=tmp_path / "worker.log",
        cwd=tmp_path,
    )
    tasks = import_module("tasks")
    yield tasks
    tasks.app.close()
    worker.terminate()
    worker.wait(20)
    end(worker)
    del sys.modules["tasks"]


def test_a_result_as_celery_users_know_it(tasks: Any) -> None:
    result = tasks.add.delay(4, 4)
    assert isinstance(result.id, str)
    assert result.get(timeout=20) == 8
    assert result.ready() is True
    assert result.successful() is True
    assert result.get() == 8  # again
    assert tasks.app.result(result.id).get(timeout=1) == 8
    assert result.traceback is None


def test_a_failure_as_celery_users_know_it(tasks: Any) -> None:
    result = tasks.divide.delay(1, 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        result.get(timeout=20)
    error = result.get(propagate=False)
    assert repr(error) == "ZeroDivisionError('division by zero')"
    assert result.failed() is True
    assert result.state is JobState.DEAD
    assert "return x / y" in result.traceback
    assert result.traceback.startswith("Traceback (most recent call last):")


def test_the_other_ways_to_enqueue(tasks: Any) -> None:
    assert tasks.add.apply_async((2, 2)).get(timeout=20) == 4
    assert tasks.add.apply_async((2, 2), countdown=0.1).get(timeout=20) == 4
    assert tasks.app.send_task("tasks.add", args=(3, 4)).get(timeout=20) == 7
    later = tasks.add.apply_async((2, 2), countdown=60)
    with pytest.raises(WaitTimeout):
        later.get(timeout=0.1)
    assert later.ready() is False
    later.revoke()
    assert later.ready() is True
