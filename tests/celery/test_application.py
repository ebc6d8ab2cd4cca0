"""The application and its tasks, as somebody's first lines in Celery have them."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from streamq import ConfigurationError, current_job
from streamq.celery import Celery, Task, current_app, shared_task
from streamq.celery.registry import registry
from streamq.celery.utils.log import get_task_logger
from tests.servers import Server

Work = Callable[..., Any]


def test_a_task_is_called_enqueued_and_named_as_in_celery(app: Celery, work: Work) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    assert (add(1, 2), add.name, add.app) == (3, f"{__name__}.add", app)
    assert add.__doc__ == add.run.__doc__
    work(app)
    assert add.delay(4, 4).get(timeout=10) == 8
    assert add.apply_async((4,), {"y": 5}).get(timeout=10) == 9
    assert app.tasks[add.name] is add
    assert app.send_task(add.name, (1, 1)).get(timeout=10) == 2


def test_the_default_queue_is_celery(app: Celery, server: Server) -> None:
    add = app.task(name="add")(abs)
    assert (app.queues(), add.delay(-1).queue) == (["celery"], "celery")
    other = Celery("other", broker=server.url, default_queue="mine")
    assert other.queues() == ["mine"]


def test_one_application_serves_32_threads_that_enqueue_and_wait(app: Celery, work: Work) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    work(app)
    answers: dict[int, list[int]] = {}

    def client(number: int) -> None:
        results = [add.delay(number, i) for i in range(10)]
        answers[number] = [result.get(timeout=30) for result in results]

    threads = [threading.Thread(target=client, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: [n + i for i in range(10)] for n in range(32)}


def recording(app: Celery, seen: list[Any], done: threading.Event) -> type[Task]:
    """A base class whose handlers write down what they are given."""

    class Base(app.Task):  # type: ignore[name-defined,misc]
        abstract = True
        queue = "handled"
        opened: ClassVar[list[str]] = []

        @property
        def connection(self) -> str:
            self.opened.append("opened")
            return self.opened[-1]

        def before_start(self, task_id: Any, args: Any, kwargs: Any) -> None:
            seen.append(("before", args))

        def on_success(self, retval: Any, task_id: Any, args: Any, kwargs: Any) -> None:
            seen.append(("success", retval))

        def on_failure(self, exc: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any) -> None:
            seen.append(("failure", repr(exc), "Traceback" in str(einfo)))

        def on_retry(self, exc: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any) -> None:
            seen.append(("retry", str(exc)))

        def after_return(self, status: str, *more: Any) -> None:
            seen.append(("after", status))
            if status != "RETRY":
                done.set()

    return Base


def test_a_base_class_brings_options_state_and_handlers(app: Celery, work: Work) -> None:
    seen: list[Any] = []
    done = threading.Event()

    @app.task(base=recording(app, seen, done), bind=True, default_retry_delay=0)
    def fetch(self: Any, fails: bool) -> str:
        if fails and not self.request.retries:
            raise self.retry(exc=KeyError("soon"))
        if fails:
            raise KeyError("never")
        return str(self.connection)

    work(app)
    result = fetch.delay(False)
    assert (result.get(timeout=10), result.queue) == ("opened", "handled")
    assert done.wait(5)
    assert seen == [
        ("before", (False,)),
        ("success", "opened"),
        ("after", "SUCCESS"),
    ]
    seen.clear()
    assert isinstance(fetch.delay(True).get(timeout=10, propagate=False), KeyError)
    assert [one[:2] for one in seen] == [
        ("before", (True,)),
        ("retry", "Retry in 0s: KeyError('soon')"),
        ("after", "RETRY"),
        ("before", (True,)),
        ("failure", "KeyError('never')"),
        ("after", "FAILURE"),
    ]


def test_a_handler_that_fails_changes_nothing(
    app: Celery, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    class Base(Task):
        def on_success(self, *_: Any) -> None:
            raise RuntimeError("of the handler")

    work_done = app.task(base=Base, name="work")(abs)
    work(app)
    assert work_done.delay(-3).get(timeout=10) == 3
    assert "its on_success failed" in caplog.text


def test_a_task_may_be_a_class(app: Celery, work: Work) -> None:
    class Multiply(Task):
        name = "multiply"

        def run(self, x: int, y: int) -> int:
            return x * y

    multiply = app.register_task(Multiply())
    work(app)
    assert multiply.delay(3, 4).get(timeout=10) == 12
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        multiply.delay(3)


def test_an_async_task_runs_on_the_loop(app: Celery, work: Work) -> None:
    @app.task(bind=True)
    async def who(self: Any) -> list[Any]:
        return [self.request.id, current_job().id]

    work(app)
    result = who.delay()
    assert result.get(timeout=10) == [result.id, result.id]


def test_a_shared_task_is_of_applications_made_before_and_after(server: Server) -> None:
    first = Celery("first", broker=server.url)

    @shared_task(name="shared.add", bind=True)
    def add(self: Any, x: int, y: int) -> int:
        return x + y

    second = Celery("second", broker=server.url)
    assert add.app is second
    assert first.tasks["shared.add"].app is first
    first.set_current()
    assert add.app is first
    assert (add(1, 2), add.name, current_app.name) == (3, "shared.add", "first")
    assert add.apply((3, 4)).get() == 7


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_shared", [])


def test_modules_are_imported_when_tasks_are_asked_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from streamq.celery import shared_task\n@shared_task\ndef {0}(): return 1\n"
    for package, modules in {"shop_a": ["tasks", "more"], "shop_b": ["other"]}.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        for module in modules:
            (tmp_path / package / f"{module}.py").write_text(code.format(f"do_{module}"))
    monkeypatch.syspath_prepend(tmp_path)
    app = Celery("shop", broker=server.url, include=["shop_a.more"])
    app.autodiscover_tasks(["shop_a", "shop_b"])
    assert "shop_a.tasks" not in sys.modules
    assert sorted(app.tasks) == ["shop_a.more.do_more", "shop_a.tasks.do_tasks"]
    app.autodiscover_tasks(lambda: ["shop_b"], related_name="other", force=True)
    assert "shop_b.other.do_other" in app.tasks


def test_a_missing_module_is_an_error_and_a_missing_related_one_is_not(server: Server) -> None:
    app = Celery("shop", broker=server.url, include="no_such_module")
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        app.load_modules()


def test_a_misspelt_option_is_refused_and_a_new_name_is_an_attribute(app: Celery) -> None:
    with pytest.raises(TypeError, match="did you mean 'max_retries'"):
        app.task(max_retry=3)(abs)
    assert vars(type(app.task(name="abs", colour="red")(abs)))["colour"] == "red"


@pytest.mark.parametrize(
    ("given", "rate"), [("100/m", "100/m"), (10, "10/s"), ("10", "10/s"), (0, ""), (None, "")]
)
def test_a_bare_rate_is_per_second_and_0_is_none(
    app: Celery, given: str | int | None, rate: str
) -> None:
    task = app.task(name="call", rate_limit=given)(abs)
    assert ",".join(map(str, task.task_options.rate_limit)) == rate


def test_a_rate_is_changed_and_taken_back_through_control(app: Celery) -> None:
    app.task(name="call", rate_limit="100/m")(abs)
    app.control.rate_limit("call", 5)
    assert str(app.limits.get("call").limit) == "5/s"
    app.control.rate_limit("call", 0)
    assert str(app.limits.get("call").limit) == "100/m"


def test_what_means_nothing_here_is_said_once(
    app: Celery, caplog: pytest.LogCaptureFixture
) -> None:
    app.task(name="a", acks_late=False, routing_key="x")(abs)
    app.task(name="b", acks_late=False)(abs)
    app.task(name="c", acks_late=True, track_started=True)(abs)
    assert [one.message.partition(";")[0] for one in caplog.records] == [
        "a: routing_key='x' means nothing here",
        "a: acks_late=False means nothing here",
    ]


def test_a_worker_is_started_from_the_command_line(app: Celery) -> None:
    with pytest.raises(ConfigurationError, match=r"streamq -A .* worker"):
        app.worker_main()


def test_the_task_logger_is_an_ordinary_one() -> None:
    assert get_task_logger("proj.tasks") is logging.getLogger("proj.tasks")
