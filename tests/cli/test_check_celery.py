"""`streamq check` and what becomes of a Celery configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.servers import Server

CONFIG = """
import os

broker_url = 'redis://localhost'
task_serializer = 'json'
accept_content = ['json']
timezone = 'Europe/Oslo'
task_routes = {'tasks.add': 'low-priority', 'feed.*': {'queue': 'feeds', 'routing_key': 'f'}}
worker_hijack_root_logger = False
CELERYD_PREFETCH_MULTIPLIER = 1
own = 5

def helper(): ...
"""


@pytest.fixture(autouse=True)
def config(clean: None) -> None:
    """In the empty folder of the test."""
    Path("oldconfig.py").write_text(CONFIG)
    Path("wrong.py").write_text("broker_url = 'pyamqp://'\ntask_serialiser = 'json'\n")
    Path("django_settings.py").write_text("DEBUG = True\nCELERY_TASK_ALWAYS_EAGER = True\n")


def test_a_configuration_is_told_what_becomes_of_it(cli: Cli) -> None:
    answer = cli("check", "--celery-config", "oldconfig")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "oldconfig: 5 settings work as in Celery"
    assert "Without effect, and nothing is to be done:" in answer.out
    for text in ("worker_hijack_root_logger: no effect", "worker_prefetch_multiplier: no effect"):
        assert f"\n  {text}: " in answer.out
    assert "fix:" not in answer.out
    assert "task_routes: routing_key has no effect" in answer.out
    assert "own" not in answer.out
    assert answer.err == ""


def test_what_would_be_refused_is_an_error_all_of_it(cli: Cli) -> None:
    answer = cli("check", "--celery-config", "wrong")
    assert answer.code == 1
    assert "error: broker_url: broker_url='pyamqp://' can't be used" in answer.out
    assert "error: task_serialiser: unknown setting" in answer.out
    document = cli("check", "--celery-config", "wrong", "--json").document
    assert [one["setting"] for one in document["refused"]] == ["broker_url", "task_serialiser"]
    assert (document["works"], document["remarks"], document["findings"]) == ([], [], [])


def test_what_would_be_missed_is_a_finding_with_its_cure(cli: Cli) -> None:
    Path("beaten.py").write_text("beat_schedule = {'nightly': {}}\nworker_timer = 'x'\n")
    answer = cli("check", "--celery-config", "beaten")
    assert answer.code == 1
    assert "warning: beat_schedule: no effect\n  fix: `@app.cron(…)`" in answer.out
    document = cli("check", "--celery-config", "beaten", "--json").document
    assert [one["problem"] for one in document["findings"]] == ["beat_schedule: no effect"]
    assert [one["problem"] for one in document["remarks"]] == ["worker_timer: no effect"]


def test_django_has_its_settings_under_a_namespace(cli: Cli) -> None:
    answer = cli("check", "--celery-config", "django_settings", "--celery-namespace", "CELERY")
    assert (answer.code, answer.out) == (0, "django_settings: 1 settings work as in Celery\n")
    cli("check", "--celery-config", "celery_config").failed(78, "No module named 'celery_config'")


def test_an_applications_own_configuration_is_looked_at(cli: Cli, server: Server) -> None:
    Path("proj.py").write_text(
        "from streamq.celery import Celery\n"
        f"app = Celery('proj', broker={server.url!r})\n"
        "app.config_from_object('oldconfig')\n"
    )
    answer = cli("-A", "proj", "check")
    told, _, remarks = answer.out.partition("Worth knowing, nothing to do:")
    assert "  worker_hijack_root_logger: no effect: streamq sets up logs" in remarks
    assert "worker_hijack_root_logger" not in told
