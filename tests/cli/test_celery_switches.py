"""Switches of `celery worker` are taken by `streamq worker`, with a line where it matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamq.celery import Celery
from streamq.cli.celery_switches import (
    MEANINGLESS,
    MEANINGLESS_VALUES,
    POOLS,
    REFUSED,
    REFUSED_VALUES,
    flags_of,
)
from streamq.cli.root import CELERYS, run

NOBODY = "redis://127.0.0.1:1"  # who asks a server here gets exit code 69
NO_SERVER = 69
CODE = f"""
from streamq.celery import Celery

app = Celery("tasks", broker="{NOBODY}")

@app.task
def add(x, y):
    return x + y
"""


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `streamq -A tasks.py worker …`; its exit code and what it said before the server."""
    (tmp_path / "tasks_of_switches.py").write_text(CODE)

    def said(*words: str) -> tuple[int, str]:
        target = str(tmp_path / "tasks_of_switches.py")
        code = run(["-A", target, "worker", *words])
        return code, capsys.readouterr().err

    return said


def test_the_usual_line_is_taken_as_it_is(said: Any) -> None:
    words = ["--loglevel=INFO", "-Q", "a,b", "-c", "4", "-n", "name@%h", "-P", "threads"]
    assert said(*words) == said("-l", "info", "--hostname", "w@%h", "--concurrency=2")
    code, text = said(*words)
    assert code == NO_SERVER
    assert text.startswith("Error: ")


@pytest.mark.parametrize(
    ("names", "why"),
    [*MEANINGLESS.items(), *MEANINGLESS_VALUES.items()],
    ids=lambda it: it[0] if isinstance(it, tuple) else "",
)
def test_what_has_no_effect_is_said_in_one_line(
    said: Any, names: tuple[str, ...], why: str
) -> None:
    for name in names:
        code, text = said(name, *(["1"] if names in MEANINGLESS_VALUES else []))
        assert code == NO_SERVER
        assert text.splitlines()[0] == f"{max(names, key=len)} has no effect: {why}."


@pytest.mark.parametrize(
    ("names", "why"),
    [*REFUSED.items(), *REFUSED_VALUES.items()],
    ids=lambda it: it[0] if isinstance(it, tuple) else "",
)
def test_what_would_be_missed_is_refused(said: Any, names: tuple[str, ...], why: str) -> None:
    for name in names:
        code, text = said(name, *(["1"] if names in REFUSED_VALUES else []))
        assert (code, why in text) == (2, True)


@pytest.mark.parametrize("pool", POOLS)
def test_each_pool_says_what_it_means(said: Any, pool: str) -> None:
    code, text = said("-P", pool)
    assert code == NO_SERVER
    assert text.startswith(f"-P {pool}: ") == bool(POOLS[pool])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--without-gosip",), "--without-gossip"),
        (("-P", "gevnt"), "did you mean 'gevent'?"),
        (("--autoscale", "many"), "--autoscale 10,3"),
        (("--prefetch-multiplyer", "1"), "--prefetch-multiplier"),
        (("-X", "celery"), "leaves no queue"),
    ],
)
def test_a_misspelt_one_is_refused_with_the_nearest(
    said: Any, words: tuple[str, ...], hint: str
) -> None:
    code, text = said(*words)
    assert (code, hint in text) == (2, True), text


def test_switches_that_mean_settings_set_them() -> None:
    app = Celery("tasks", broker=NOBODY)
    app.task(name="mail", queue="mail")(abs)
    none: dict[str, Any] = dict.fromkeys(
        ("pool", "autoscale", "max_tasks_per_child", "time_limit", "soft_time_limit")
    )
    none |= {"include": None, "exclude_queues": None}
    assert flags_of(app, none, None) == ({}, None)
    assert flags_of(app, {**none, "pool": "solo"}, None)[0]["concurrency"] == 1
    assert flags_of(app, {**none, "autoscale": 10}, None)[0] == {"concurrency": 10}
    assert flags_of(app, {**none, "max_tasks_per_child": 5}, None)[0] == {"max_jobs_per_child": 5}
    assert flags_of(app, {**none, "exclude_queues": "celery"}, None)[1] == ("mail",)
    assert flags_of(app, {**none, "time_limit": 9.0}, None)[0] == {"task_time_limit": 9.0}
    assert flags_of(app, {**none, "include": "a,b"}, None)[0] == {"include": ("a", "b")}


@pytest.mark.parametrize("name", CELERYS)
def test_celerys_other_commands_are_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name]) == 2
    assert CELERYS[name] in capsys.readouterr().err


def test_a_package_has_its_application_in_its_celery_module(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "proj_of_switches"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "celery.py").write_text(CODE)
    assert run(["-A", str(package), "worker"]) == NO_SERVER
