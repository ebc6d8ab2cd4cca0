"""Each row of the tables of call options and task options in `docs/how-to/from-celery.md`.

A table's rows are the page's own; each works, means nothing and is said to, or is refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from streamq.celery import Celery, Task, call_options, task_options
from streamq.celery.call_options import MEANINGLESS
from streamq.celery.exceptions import MaxRetriesExceededError, Retry
from streamq.celery.task_options import MEANS_NOTHING
from streamq.content import content_kind
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "how-to" / "from-celery.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| ([\w ]+) \|", re.MULTILINE)


def rows(heading: str, verdict: str) -> list[str]:
    """The options that the page's table gives this verdict."""
    table = PAGE.partition(f"### `{heading}")[2].partition("\n\n")[2].partition("\n\n")[0]
    return [name for name, said in ROW.findall(table) if said in verdict.split("|")]


OF_TASKS = frozenset({*task_options.ALIKE, *task_options.SAME, *MEANS_NOTHING})
JSON = content_kind("json", "serializer")
CALL, TASK = "apply_async(…)", "@app.task(…)"


@pytest.fixture
def eager() -> Iterator[Celery]:
    """An application that needs no server."""
    app = Celery("tasks", broker="redis://localhost:1", eager=True)
    yield app
    app.close()


@pytest.fixture
def seen() -> list[Any]:
    """What the follow-up tasks were called with."""
    return []


@pytest.fixture
def request_of(eager: Celery, seen: list[Any]) -> Any:
    """A task that returns a part of its request, and fails where there is none."""
    eager.task(name="told")(lambda *what: seen.append(what))

    @eager.task(bind=True, name="request_of")
    def request_of(self: Any, name: str) -> Any:
        return getattr(self.request, name)

    return request_of


def plan(task: Any, **options: Any) -> Any:
    """How the queue gets a call."""
    said = task.app.call_options(task.name, options)
    return task.core.options(**said).prepare(("id",), {})[0]


def lowered(task: Any, **options: Any) -> bool:
    return bool(plan(task, **options).options.priority < plan(task, priority=0).options.priority)


WHEN = datetime(2040, 1, 1, 12)  # noqa: DTZ001 - in `timezone`
AT = f"@{int(WHEN.replace(tzinfo=UTC).timestamp() * 1000)}"
CALLS: dict[str, Callable[[Any, list[Any]], object]] = {
    "queue": lambda task, _: plan(task, queue="mail").queue == "mail",
    "countdown": lambda task, _: plan(task, countdown=5).due == "+5000",
    "eta": lambda task, _: plan(task, eta=WHEN).due == AT,
    "expires": lambda task, _: (
        (plan(task, expires=60).expires, plan(task, expires=WHEN).expires) == ("+60000", AT)
    ),
    "ignore_result": lambda task, _: plan(task, ignore_result=True).options.ignore_result,
    "rate_limit": lambda task, _: plan(task, rate_limit="10/m").options.rate_limit,
    "time_limit": lambda task, _: plan(task, time_limit=60).options.time_limit,
    "soft_time_limit": lambda task, _: plan(task, soft_time_limit=60).options.soft_time_limit,
    "serializer": lambda task, _: plan(task, serializer="json").options.serializer == JSON,
    "priority": lambda task, _: lowered(task, priority=1),
    "task_id": lambda task, _: task.apply_async(("id",), task_id="mine").get() == "mine",
    "link": lambda task, seen: (
        task.apply_async(("retries",), link=task.app.tasks["told"].s(1)).get() == 0
        and seen == [(0, 1)]
    ),
    "link_error": lambda task, seen: (
        task.apply_async(("nothing",), link_error=task.app.tasks["told"].si(1)).failed()
        and seen == [(1,)]
    ),
    "headers": lambda task, _: (
        task.apply_async(("headers",), headers={"tenant": 7}).get() == {"tenant": 7}
    ),
    "shadow": lambda task, _: task.apply_async(("shadow",), shadow="x").get() == "x",
    "retry": lambda task, _: task.apply_async(("retries",), retry=True).get() == 0,
    "correlation_id": lambda task, _: (
        task.apply_async(("correlation_id",), task_id="a", correlation_id="b").get() == "a"
    ),
}


@pytest.mark.parametrize("name", rows(CALL, "works"))
def test_an_option_of_a_call_works(request_of: Any, seen: list[Any], name: str) -> None:
    assert CALLS[name](request_of, seen)


@pytest.mark.parametrize("name", rows(CALL, "no effect"))
def test_an_option_of_a_call_without_effect_is_said_once(
    request_of: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {name: "x"}
    with caplog.at_level(logging.WARNING, "streamq.celery"):
        assert [request_of.apply_async(("retries",), **given).get() for _ in range(2)] == [0, 0]
    assert [one.getMessage() for one in caplog.records] == [
        f"request_of: {name}= means nothing here; {MEANINGLESS[name]}"
    ]


class Keeping(Task):
    """A task that knows what it returned."""

    kept: Any = None

    def on_success(self, retval: Any, *_: Any) -> None:
        type(self).kept = retval


def made(app: Celery, **options: Any) -> Any:
    """A task that returns a part of its request."""
    function = lambda self, name: getattr(self.request, name)  # noqa: E731
    return app.task(name="made", bind=True, **options)(function)


def retries(app: Celery, **options: Any) -> int:
    """How often a task runs again that always fails."""
    ran: list[int] = []

    @app.task(name="fails", bind=True, **options)
    def fails(self: Any) -> None:
        ran.append(self.request.retries)
        raise FileNotFoundError

    assert fails.apply_async().failed()
    return len(ran) - 1


def delays(app: Celery, **options: Any) -> list[float]:
    """Seconds before each retry of it."""
    found: list[float] = []

    class Watching(Task):
        def retry(self, *args: Any, **how: Any) -> BaseException:
            found.append(how["countdown"])
            return super().retry(*args, **how)

    options = {"retry_jitter": False, "retry_backoff": 100, **options}
    retries(app, base=Watching, autoretry_for=(OSError,), **options)
    return found[:3]


def asked(app: Celery, **options: Any) -> Any:
    """What `self.retry()` says: in how many seconds it runs again; or that it doesn't."""

    @app.task(name="asks", bind=True, **options)
    def asks(self: Any) -> Any:
        try:
            self.retry()
        except (Retry, MaxRetriesExceededError) as outcome:
            return outcome.when if isinstance(outcome, Retry) else "never"

    return asks.apply_async().get()


def kept_by_its_class(app: Celery) -> bool:
    made(app, base=Keeping).apply_async(("retries",))
    return isinstance(app.tasks["made"], Keeping) and app.tasks["made"].kept == 0


FILES = (OSError,)
TASKS: dict[str, Callable[[Celery], object]] = {
    "name": lambda app: app.task(name="mine")(abs) is app.tasks["mine"],
    "bind": lambda app: made(app).apply_async(("retries",)).get() == 0,
    "base": kept_by_its_class,
    "max_retries": lambda app: (
        retries(app, autoretry_for=FILES) == 3
        and asked(app) == 180
        and asked(app, max_retries=0) == "never"
    ),
    "default_retry_delay": lambda app: asked(app, default_retry_delay=7) == 7,
    "autoretry_for": lambda app: (
        retries(app, autoretry_for=FILES) > 0 and retries(app, autoretry_for=(KeyError,)) == 0
    ),
    "dont_autoretry_for": lambda app: (
        retries(app, autoretry_for=FILES, dont_autoretry_for=(FileNotFoundError,)) == 0
    ),
    "retry_kwargs": lambda app: (
        retries(app, autoretry_for=FILES, retry_kwargs={"max_retries": 1}) == 1
    ),
    "retry_backoff": lambda app: delays(app) == [100, 200, 400],
    "retry_backoff_max": lambda app: delays(app, retry_backoff_max=150) == [100, 150, 150],
    "retry_jitter": lambda app: delays(app, retry_jitter=True) != [100, 200, 400],
    "ignore_result": lambda app: plan(made(app, ignore_result=True)).options.ignore_result,
    "priority": lambda app: plan(made(app, priority=9)).options.priority == 0,
    "queue": lambda app: plan(made(app, queue="mail")).queue == "mail",
    "expires": lambda app: plan(made(app, expires=60)).expires == "+60000",
    "rate_limit": lambda app: plan(made(app, rate_limit="10/m")).options.rate_limit,
    "time_limit": lambda app: plan(made(app, time_limit=60)).options.time_limit,
    "soft_time_limit": lambda app: plan(made(app, soft_time_limit=60)).options.soft_time_limit,
    "serializer": lambda app: plan(made(app, serializer="json")).options.serializer == JSON,
}


@pytest.mark.parametrize("name", rows(TASK, "works"))
def test_an_option_of_a_task_works(eager: Celery, name: str) -> None:
    assert TASKS[name](eager)


@pytest.mark.parametrize("name", rows(TASK, "no effect"))
def test_an_option_of_a_task_without_effect_is_said_once(
    eager: Celery, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {name: False}
    with caplog.at_level(logging.WARNING, "streamq.celery"):
        for which in ("made", "again"):
            task = eager.task(name=which, **given)(abs)
            assert task.apply_async((-1,)).get() == 1
    assert [one.getMessage() for one in caplog.records] == [
        f"made: {name}=False means nothing here; {MEANS_NOTHING[name]}"
    ]


@pytest.mark.parametrize(
    ("table", "options"),
    [(CALL, call_options.CALL_OPTIONS), (TASK, OF_TASKS)],
    ids=["calls", "tasks"],
)
def test_each_option_that_the_code_knows_is_a_row(table: str, options: frozenset[str]) -> None:
    assert set(rows(table, "works|not yet|no effect")) == options
