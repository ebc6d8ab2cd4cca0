"""A program's configuration, as Celery's first steps show it, on a real application."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streamq.celery import Celery
from streamq.errors import ConfigurationError
from tests.worker.rig import Here

Work = Callable[..., Here]
CELERYCONFIG = """
result_backend = None
task_serializer = 'json'
result_serializer = 'json'
accept_content = ['json']
timezone = 'Europe/Oslo'
enable_utc = True
task_routes = {'tasks.add': 'low-priority', 'tasks.mul': {'queue': 'feeds'}}
"""


@pytest.fixture
def celeryconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of this name, found as in the folder where the program was started."""
    (tmp_path / "celeryconfig.py").write_text(CELERYCONFIG)
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("celeryconfig", None)
    yield "celeryconfig"
    sys.modules.pop("celeryconfig", None)


def with_tasks(app: Celery) -> Any:
    @app.task(name="tasks.add")
    def add(x: Any, y: Any) -> Any:
        return x + y

    return add


def body(app: Celery, queue: str, job_id: str) -> bytes:
    """The arguments of a job as they are on the server."""
    key = app.keys(queue).key("jobs")
    record = app.client.command("HGET", key, job_id, key=key)
    assert isinstance(record, bytes)
    return record.partition(b"\n")[2]


def test_settings_of_the_first_steps_hold(app: Celery, work: Work) -> None:
    app.conf.task_serializer = "json"
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_serializer="json",
        timezone="Europe/Oslo",
        enable_utc=True,
    )
    add = with_tasks(app)
    result = add.delay(4, 4)
    assert body(app, "celery", result.id) == b"[[4,4],{},{}]"
    work(app)
    assert result.get(timeout=10) == 8
    assert add.delay((1,), [2]).get(timeout=10) == [1, 2]  # JSON has lists only


def test_a_configuration_file_holds_by_its_name(app: Celery, work: Work, celeryconfig: str) -> None:
    app.config_from_object(celeryconfig)
    add = with_tasks(app)
    assert app.queues() == ["celery", "low-priority", "feeds"]
    result = add.delay(4, 4)
    assert body(app, "low-priority", result.id) == b"[[4,4],{},{}]"
    work(app)
    assert result.get(timeout=10) == 8
    assert add.apply_async((1, 1), queue="feeds").get(timeout=10) == 2


@pytest.mark.parametrize("namespace", ["CELERY", None])
def test_django_keeps_it_in_its_own_settings(namespace: str | None) -> None:
    settings = SimpleNamespace(
        DEBUG=True,
        CELERY_TASK_SERIALIZER="json",
        CELERY_TIMEZONE="Europe/Oslo",
        CELERY_WORKER_HIJACK_ROOT_LOGGER=False,
    )
    app = Celery("proj", broker="redis://localhost", set_as_default=False)
    app.config_from_object(settings, namespace=namespace)
    assert (app.conf.task_serializer, str(app.conf.zone)) == ("json", "Europe/Oslo")
    assert [problem for problem, _ in app.conf.remarks()] == [
        "worker_hijack_root_logger: no effect"
    ]


def test_an_absent_module_is_passed_over_where_that_is_wanted() -> None:
    app = Celery("proj", broker="redis://localhost", set_as_default=False)
    app.config_from_object("no_such_module", silent=True)
    assert app.config_from_envvar("NO_SUCH_VARIABLE", silent=True) is False
    for ask in (app.config_from_object, app.config_from_envvar):
        with pytest.raises(ConfigurationError):
            ask("no_such_thing")


def test_a_naive_eta_is_in_the_applications_zone(app: Celery) -> None:
    add = with_tasks(app)
    later = datetime.now(UTC) + timedelta(hours=5)
    for zone in ("UTC", "Europe/Oslo", "Asia/Tokyo"):
        app.conf.timezone = zone
        naive = later.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        result = add.apply_async((1, 2), eta=naive)
        due = app.result(result.id).info().due_at
        assert due is not None
        assert abs(due - later) < timedelta(seconds=1)


def test_annotations_change_options_attributes_and_methods(app: Celery) -> None:
    add = with_tasks(app)
    seen = []

    def on_success(self: Any, retval: Any, *_: Any) -> None:
        seen.append((self.name, retval))

    app.conf.task_annotations = {
        "*": {"max_retries": 7, "acks_late": True},
        "tasks.add": {"queue": "low", "on_success": on_success},
    }
    task = app.tasks["tasks.add"]
    assert (task.max_retries, add.task_options.queue) == (7, "low")
    assert task.apply((1, 2)).get() == 3
    assert seen == [("tasks.add", 3)]

    @app.task(name="tasks.sub", queue="own")
    def sub(x: int, y: int) -> int:
        return x - y

    assert (sub.max_retries, sub.task_options.queue) == (7, "own")


@pytest.mark.parametrize("broker", ["pyamqp://", "pyamqp://guest@localhost//", "sqs://"])
def test_another_broker_is_refused_in_six_lines(broker: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Celery("tasks", broker=broker)
    assert len(str(caught.value).splitlines()) <= 6
    assert "redis://" in str(caught.value)


def test_eager_mode_is_a_setting(app: Celery) -> None:
    app.conf.update(CELERY_TASK_ALWAYS_EAGER=True, CELERY_EAGER_PROPAGATES_EXCEPTIONS=True)
    add = with_tasks(app)
    assert add.delay(1, 2).get() == 3
    with pytest.raises(TypeError, match="unsupported operand"):
        add.delay(1, None)
