"""`unique=`, `debounce=` and queue budgets as a program uses them, on a real server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from streamq import JobExists, QueueFull, StreamQ, Task, Unique
from streamq.errors import ConfigurationError
from tests.app.hands import Hands

Sync = Task[..., str]


@pytest.fixture
def sync(app: StreamQ) -> Callable[..., Sync]:
    """Defines `shop.sync(user_id, what)` under these options."""

    def define(**options: Any) -> Sync:
        @app.task(name="shop.sync", **options)  # type: ignore[untyped-decorator] # any options
        def sync(user_id: int, what: str = "all") -> str:
            return f"{user_id} {what}"

        return cast("Sync", sync)

    return define


def arguments(hands: Hands) -> list[tuple[Any, ...]]:
    """Of the jobs that wait, in order."""
    return [tuple(hands.app.codec.decode_call(c.job.record.body)[0]) for c in hands.claim()]


def test_racing_threads_make_one_job_and_all_get_its_id(sync: Callable[..., Sync]) -> None:
    task = sync(unique=True)
    ready = threading.Barrier(8)

    def call(_: int) -> set[str]:
        ready.wait()
        return {task.delay(7).id for _ in range(20)}

    with ThreadPoolExecutor(8) as pool:
        ids: set[str] = set().union(*pool.map(call, range(8)))
    assert len(ids) == 1


def test_racing_processes_make_one_job_too(server: Any, sync: Callable[..., Sync]) -> None:
    first = sync(unique=Unique(by=("user_id",))).delay(7)
    program = f"""
from streamq import StreamQ, Unique
app = StreamQ("shop", broker={server.url!r})
@app.task(name="shop.sync", unique=Unique(by=("user_id",)))
def sync(user_id, what="all"): ...
print({{sync.delay(7, str(i)).id for i in range(20)}})
"""
    racers = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for racer in racers:
        told, _ = racer.communicate(timeout=30)
        assert told.strip() == str({first.id})


def test_unique_by_all_arguments_however_they_are_written(
    sync: Callable[..., Sync], hands: Hands
) -> None:
    task = sync(unique=True)
    first = task.delay(7)
    assert task.delay(user_id=7).id == first.id
    assert task.delay(7, "all").id == first.id  # its default
    assert task.delay(7, "mail").id != first.id


def test_equal_dicts_and_sets_are_equal_whatever_their_order(app: StreamQ) -> None:
    @app.task(unique=True)
    def filed(what: dict[str, Any]) -> None: ...

    one = filed.delay({"a": 1, "b": {"x", "y", "z"}})
    assert filed.delay({"b": {"z", "y", "x"}, "a": 1}).id == one.id


def test_unique_by_some_arguments(sync: Callable[..., Sync]) -> None:
    task = sync(unique=Unique(by=("user_id",)))
    assert task.delay(7, "mail").id == task.delay(7, "tasks").id != task.delay(8, "mail").id


def test_each_task_and_each_queue_has_its_own_keys(app: StreamQ, sync: Callable[..., Sync]) -> None:
    @app.task(unique=True)
    def other(user_id: int) -> None: ...

    task = sync(unique=True)
    ids = {task.delay(7).id, other.delay(7).id, task.options(queue="slow").delay(7).id}
    assert len(ids) == 3


def test_a_call_decides_for_itself(sync: Callable[..., Sync]) -> None:
    task = sync()
    by_call = task.options(unique=True)
    assert by_call.delay(7).id == by_call.delay(7).id != task.delay(7).id
    always = task.apply_async((7,), unique=True)
    assert always.id == by_call.delay(7).id
    assert by_call.options(unique=False).delay(7).id != always.id


def test_the_key_is_free_when_the_job_has_ended(sync: Callable[..., Sync], hands: Hands) -> None:
    task = sync(unique=True)
    first = task.delay(7)
    (claim,) = hands.claim()
    assert task.delay(7).id == first.id
    hands.run(claim)
    assert task.delay(7).id != first.id


def test_raise_names_the_job_that_is_there(sync: Callable[..., Sync]) -> None:
    task = sync(unique=Unique(on_conflict="raise"))
    first = task.delay(7)
    with pytest.raises(JobExists, match=first.id) as caught:
        task.delay(7)
    assert caught.value.job_id == first.id


def test_replace_gives_the_job_the_newest_arguments(
    sync: Callable[..., Sync], hands: Hands
) -> None:
    task = sync(unique=Unique(by="user_id", on_conflict="replace"))  # type: ignore[arg-type]
    assert len({task.delay(7, what).id for what in ("a", "b", "c")}) == 1
    assert arguments(hands) == [(7, "c")]


def test_queue_one_keeps_the_newest_call_while_one_runs(
    sync: Callable[..., Sync], hands: Hands
) -> None:
    task = sync(unique=Unique(by=("user_id",), on_conflict="queue_one"))
    task.delay(7, "first")
    (running,) = hands.claim()
    kept = {task.delay(7, what).id for what in ("a", "b", "newest")}
    assert len(kept) == 1
    info = task.delay(7, "newest").info()
    assert (info.state, info.reason) == ("parked", "unique: the job that has its key runs")
    assert hands.claim() == []
    hands.run(running)
    assert arguments(hands) == [(7, "newest")]


def test_debounce_runs_the_last_call_once_after_the_quiet(
    sync: Callable[..., Sync], hands: Hands
) -> None:
    task = sync(unique=Unique(by=("user_id",)), debounce=0.3, max_wait=5)
    began = time.monotonic()
    ids = set()
    for what in ("a", "b", "last"):
        ids.add(task.delay(7, what).id)
        assert hands.promote() == 0
        time.sleep(0.1)
    assert len(ids) == 1
    while not hands.promote():
        time.sleep(0.02)
    assert 0.45 < time.monotonic() - began < 3
    assert arguments(hands) == [(7, "last")]


def test_debounce_waits_no_longer_than_max_wait(sync: Callable[..., Sync], hands: Hands) -> None:
    task = sync(debounce=0.4, max_wait=0.6)
    began = time.monotonic()
    task.delay(7)
    while not hands.promote():
        task.delay(7)
        time.sleep(0.02)
    assert 0.55 < time.monotonic() - began < 3


def test_a_full_queue_refuses_and_says_how_full_it_is(
    app: StreamQ, sync: Callable[..., Sync]
) -> None:
    app.queue("small", max_jobs=2)
    task = sync(queue="small")
    task.delay_many([(1,), (2,)])
    with pytest.raises(QueueFull, match="2 of max_jobs=2 jobs, 1 more asked for"):
        task.delay(3)
    with pytest.raises(QueueFull):
        task.delay_many([(3,), (4,)])
    with pytest.raises(QueueFull, match="never fit: enqueue at most 2 jobs in one call"):
        task.delay_many([(3,), (4,), (5,)])
    assert task.options(queue="default").delay(3).id


def test_limits_unique_keys_and_a_budget_hold_at_once(
    app: StreamQ, sync: Callable[..., Sync]
) -> None:
    """One of the lane runs, the other waits in the line with its key; a third has no room."""
    app.queue("small", concurrency=5, max_jobs=2, max_bytes=10_000)
    task = sync(queue="small", unique=Unique(by=("user_id",)), lane="{what}", ordered=True)
    hands = Hands(app, "small")
    first, second = task.delay_many([(1,), (2,)])
    (running,) = hands.claim()
    assert running.id == first.id
    assert second.info().state == "parked"
    assert [task.delay(1).id, task.delay(2).id] == [first.id, second.id]
    with pytest.raises(QueueFull):
        task.delay(3)
    hands.run(running)
    (running,) = hands.claim()
    assert running.id == second.id
    assert task.delay(2).id == second.id
    assert task.delay(1).id != first.id
    hands.run(running)
    assert hands.run_all() == 1
    assert task.delay(2).id != second.id


def test_a_queue_that_blocks_waits_for_room(app: StreamQ, sync: Callable[..., Sync]) -> None:
    app.queue("small", max_jobs=1, on_full="block")
    task = sync(queue="small")
    task.delay(1)
    hands = Hands(app, "small")
    threading.Timer(0.2, hands.run_all).start()
    began = time.monotonic()
    task.delay(2)
    assert time.monotonic() - began > 0.15
    app.conf.update()


def test_a_queue_that_blocks_gives_up_in_time(server: Any) -> None:
    app = StreamQ("impatient", broker=server.url, enqueue_timeout=0.3)
    app.queue("small", max_bytes=20, on_full="block")

    @app.task(queue="small")
    def send(to: str) -> None: ...

    send.delay("a")
    began = time.monotonic()
    with pytest.raises(QueueFull, match="max_bytes=20"):
        send.delay("someone else")
    assert 0.25 < time.monotonic() - began < 2
    app.close()


def test_a_queue_that_blocks_waits_in_async_code_too(app: StreamQ) -> None:
    app.queue("small", max_jobs=1, on_full="block")

    @app.task(queue="small")
    async def send(to: str) -> None: ...

    hands = Hands(app, "small")

    async def program() -> str:
        await send.adelay("a")
        threading.Timer(0.2, hands.run_all).start()
        return (await send.adelay("b")).id

    assert asyncio.run(program())


def test_a_sender_without_the_function_is_unique_too(
    server: Any, app: StreamQ, sync: Callable[..., Sync], hands: Hands
) -> None:
    task = sync(unique=Unique(by=("user_id",)))
    hands.publish()
    first = task.delay(7)
    elsewhere = StreamQ("elsewhere", broker=server.url)
    assert elsewhere.send_task("shop.sync", kwargs={"user_id": 7, "what": "mail"}).id == first.id
    with pytest.raises(ConfigurationError, match="by name"):
        elsewhere.send_task("shop.sync", (7,))
    elsewhere.close()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"unique": 5}, TypeError, "must be True, or Unique"),
        (
            {"unique": Unique(by=("user",))},
            TypeError,
            "no argument 'user'; its arguments",
        ),
        ({"debounce": -1}, ValueError, "debounce"),
        ({"debounce": 5, "max_wait": 2}, ValueError, "less than debounce"),
        ({"debounce": 5, "countdown": 2}, TypeError, "both say when"),
    ],
)
def test_what_can_not_be_is_refused_where_it_is_written(
    sync: Callable[..., Sync], options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        sync(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": 5}, "must be names"),
        ({"while_": ("runing",)}, "'runing' is none; there are scheduled, waiting, running"),
        ({"while_": ()}, "names no state"),
        ({"on_conflict": "ignore"}, "must be one of return, replace, raise, queue_one"),
    ],
)
def test_a_unique_that_can_not_be_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Unique(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_jobs": 0}, "1 or more"),
        ({"max_bytes": "1 MB"}, "whole number"),
        ({"max_jobs": 5, "on_full": "drop"}, "'raise' or 'block'"),
        ({"on_full": "block"}, "say when"),
        ({"max_job": 5}, "did you mean 'max_jobs'"),
    ],
)
def test_a_budget_that_can_not_be_is_refused(
    app: StreamQ, options: dict[str, Any], words: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        app.queue("small", **options)


def test_many_calls_with_keys_go_in_short_calls(
    app: StreamQ, sync: Callable[..., Sync], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = sync(unique=True)
    first = task.delay(0)
    sizes: list[int] = []
    send = type(app.client).enqueue

    def seen(client: Any, describe: Any, queue: str, ids: tuple[str, ...]) -> Any:
        sizes.append(len(ids))
        return send(client, describe, queue, ids)

    monkeypatch.setattr(type(app.client), "enqueue", seen)
    jobs = task.delay_many([(n,) for n in range(120)])
    assert sizes == [*[16] * 7, 8]
    assert jobs[0].id == first.id
    assert len({job.id for job in jobs}) == 120


def test_a_call_that_fails_on_the_way_says_how_many_are_enqueued(
    app: StreamQ, sync: Callable[..., Sync]
) -> None:
    task = sync(unique=Unique(on_conflict="raise"))
    task.delay(70)
    with pytest.raises(JobExists) as raised:
        task.delay_many([(n,) for n in range(120)])
    assert raised.value.__notes__ == ["64 jobs were enqueued before this"]
