"""`link` and `link_error`: enqueued in the step that ends the task that they follow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from streamq import Backoff, Concurrency, ConfigurationError, RateLimit, Unique
from streamq.celery import Celery, Signature, chain, chord, group, signature
from tests.servers import Server
from tests.waiting import wait_until

Work = Callable[..., Any]
KEPT = Unique(by=("x",), on_conflict="return")
QUEUED = Unique(by=("x",), on_conflict="queue_one")


@pytest.fixture
def ran() -> deque[Any]:
    """What the callbacks were called with."""
    return deque()


@pytest.fixture
def tasks(app: Celery, ran: deque[Any]) -> Any:
    """The application's tasks by their short names."""

    @app.task(name="add")
    def add(x: int, y: int) -> int:
        ran.append(x + y)
        return x + y

    @app.task(name="fails")
    def fails() -> None:
        raise LookupError("nothing there")

    @app.task(name="told")
    def told(task_id: str) -> None:
        ran.append(task_id)

    @app.task(name="handler")
    def handler(request: Any, exc: Exception, traceback: str) -> None:
        ran.append((request.id, request.task, repr(exc), "nothing there" in traceback))

    return app.tasks


def counted(app: Celery, queue: str, what: str) -> int:
    """A counter of the queue."""
    key = app.keys(queue).key("counts")
    return int(app.client.command("HGET", key, what, key=key) or 0)


def test_a_link_gets_the_result_first_unless_it_is_immutable(
    app: Celery, tasks: Any, ran: deque[Any], work: Work
) -> None:
    add = tasks["add"]
    work(app)
    first = add.s(10)
    first.link(add.si(100, 100))
    result = add.apply_async((2, 2), link=[first, add.s(y=20)])
    assert result.get(timeout=10) == 4
    wait_until(lambda: len(ran) == 4, f"all to run: {ran}")
    assert sorted(ran) == [4, 14, 24, 200]


def test_a_link_goes_to_its_own_queue_through_the_outbox(
    app: Celery, tasks: Any, ran: deque[Any], work: Work
) -> None:
    work(app, queues=["celery", "far"])
    tasks["add"].apply_async((1, 1), link=tasks["add"].s(1).set(queue="far"))
    wait_until(lambda: list(ran) == [2, 3], f"both to run: {ran}")
    assert (counted(app, "celery", "sent"), counted(app, "far", "enqueued")) == (1, 1)


def test_a_link_by_name_needs_no_function_here(
    app: Celery, tasks: Any, ran: deque[Any], server: Server, work: Work
) -> None:
    work(app)
    elsewhere = Celery("elsewhere", broker=server.url)
    elsewhere.send_task("add", (1, 2), link=signature("add", (5,), app=elsewhere)).get(timeout=10)
    wait_until(lambda: list(ran) == [3, 8], f"both to run: {ran}")
    elsewhere.close()


def test_an_error_callback_gets_request_exception_and_traceback(
    app: Celery, tasks: Any, ran: deque[Any], work: Work
) -> None:
    work(app)
    given = [tasks["handler"].s(), tasks["told"].s(), tasks["add"].si(1, 1)]
    result = tasks["fails"].apply_async(link_error=given, link=tasks["add"].si(5, 5))
    result.get(timeout=10, propagate=False)
    wait_until(lambda: len(ran) == 3, f"all to run: {ran}")
    expected = [(result.id, "fails", "LookupError('nothing there')", True), result.id, 2]
    assert sorted(map(str, ran)) == sorted(map(str, expected))


def test_error_callbacks_wait_for_the_last_retry(app: Celery, ran: deque[Any], work: Work) -> None:
    @app.task(bind=True, max_retries=2, default_retry_delay=0)
    def fails(self: Any) -> None:
        raise self.retry(exc=OSError("away"))

    told = app.task(name="told")(lambda task_id: ran.append(task_id))
    work(app)
    result = fails.apply_async(link_error=told.s())
    result.get(timeout=10, propagate=False)
    wait_until(lambda: list(ran) == [result.id], f"it to be told once: {ran}")


def test_one_that_cannot_follow_is_logged_and_the_task_stands(
    app: Celery, tasks: Any, ran: deque[Any], work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    work(app)
    link = [tasks["add"].s(1, 2, 3), tasks["told"].si("well")]
    assert tasks["add"].apply_async((1, 1), link=link).get(timeout=10) == 2
    wait_until(lambda: list(ran) == [2, "well"], f"the other one: {ran}")
    assert "can't follow it" in caplog.text


@pytest.mark.parametrize("unique", [KEPT, QUEUED], ids=["return", "queue_one"])
def test_links_with_one_unique_key_make_one_job(
    app: Celery, tasks: Any, ran: deque[Any], work: Work, unique: Unique
) -> None:
    @app.task(name="once", unique=unique)
    def once(x: int, tag: str) -> None:
        began.set()
        wait_until(lambda: len(linked) == 3, "all to be linked")
        ran.append(tag)

    work(app)
    began, linked = threading.Event(), list[int]()
    for n in range(3):
        assert tasks["add"].apply_async((1, 1), link=once.si(7, f"t{n}")).get(timeout=10) == 2
        linked.append(n)  # with its result, in one step
        assert began.wait(10)
    wanted = ["t0"] if unique is KEPT else ["t0", "t2"]
    wait_until(lambda: [one for one in ran if one != 2] == wanted, f"these to run: {ran}")


def test_a_link_brings_its_options_whatever_they_are(
    app: Celery, tasks: Any, ran: deque[Any], work: Work
) -> None:
    given = {
        "unique": KEPT,
        "rate_limit": RateLimit(100),
        "concurrency": Concurrency(2),
        "backoff": Backoff(base=3),
    }
    for name, option in given.items():
        link = tasks["add"].s(len(name)).set(**{name: option})
        assert tasks["add"].apply_async((1, 1), link=link).id
    work(app)
    wanted = sorted([2] * len(given) + [2 + len(name) for name in given])
    wait_until(lambda: sorted(ran) == wanted, f"all to run: {ran}")


def test_a_link_that_could_only_raise_is_refused_where_it_is_written(
    app: Celery, tasks: Any
) -> None:
    app.task(name="once", unique=Unique(by=("x",), on_conflict="raise"))(lambda x: x)
    once = app.tasks["once"]
    with pytest.raises(ConfigurationError, match=r"link=once(.|\n)*can't raise"):
        tasks["add"].apply_async((1, 1), link=once.s())
    assert tasks["add"].apply_async((1, 1), link=once.s().set(unique=False)).id


def test_parents_and_roots_are_known_down_the_line(app: Celery, work: Work) -> None:
    seen: dict[str, Any] = {}

    @app.task(bind=True, name="step")
    def step(self: Any, name: str) -> None:
        request = self.request
        seen[name] = (request.id, request.parent_id, request.root_id)
        if name == "first":
            step.delay("second")

    work(app)
    step.apply_async(("first",), link=step.si("linked"))
    wait_until(lambda: len(seen) == 3, f"all to run: {seen}")
    root = seen["first"][0]
    assert seen["first"] == (root, None, root)
    assert seen["second"][1:] == seen["linked"][1:] == (root, root)


def test_signatures_are_data_that_calls_and_clones(app: Celery, tasks: Any) -> None:
    call = tasks["add"].signature((2,), countdown=10)
    assert dict(call) == {
        "task": "add",
        "args": (2,),
        "kwargs": {},
        "options": {"countdown": 10},
        "immutable": False,
    }
    assert (call(3), repr(call), call.clone((1,)).args) == (5, "add(2)", (1, 2))
    again = Signature(dict(call), app=app)
    assert again.apply((3,)).get() == 5
    assert again.set(queue="far").delay(1).queue == "far"
    assert (app.signature("add", (1, 1)).delay().state, tasks["add"].si(1, 2).immutable) == (
        "PENDING",
        True,
    )


@pytest.mark.parametrize("refused", [chain, group, chord])
def test_workflows_are_refused_by_name(refused: Callable[..., Any], tasks: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"has no \w+ yet"):
        refused(tasks["add"].s(1, 1))
    with pytest.raises(ConfigurationError, match=r"no chain \(a \| b\) yet. link="):
        tasks["add"].s(1, 1) | tasks["add"].s(2)
