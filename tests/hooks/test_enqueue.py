"""Around enqueueing: what is put into the headers arrives, and each generator hears how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from streamq import BrokerUnavailable, EncodeError, StreamQ, current_job, operations
from streamq.hooks import EnqueuedCall, JobEvent

Working = Callable[..., Any]
tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


@pytest.fixture
def heard(app: StreamQ) -> list[tuple[Any, ...]]:
    """What a generator around enqueueing sees."""
    heard: list[tuple[Any, ...]] = []

    @app.around_enqueue
    def carry(call: EnqueuedCall) -> Iterator[None]:
        call.headers["tenant"] = tenant.get()
        heard.append(("begin", call.task, call.args, call.kwargs))
        try:
            job_id = yield
        except BaseException as error:
            heard.append(("failed", type(error).__name__))
            raise
        heard.append(("sent", job_id == call.id))

    return heard


@pytest.fixture
def who(app: StreamQ) -> Any:
    @app.task(name="who")
    def who(*_args: Any, **_more: Any) -> Any:
        return current_job().headers

    return who


def test_a_header_goes_with_every_way_to_enqueue(
    app: StreamQ, working: Working, who: Any, heard: list[Any]
) -> None:
    tenant.set("acme")
    jobs = [
        who.delay(1),
        who.s(1).delay(),
        who.options(headers={"own": 1}).delay(1),
        app.send_task("who", (1,)),
        *who.delay_many([(1,), (1,)]),
        *app.delay_many([who.s(1)]),
        asyncio.run(who.adelay(1)),
        *asyncio.run(who.adelay_many([(1,)])),
        asyncio.run(app.asend_task("who", (1,))),
    ]
    assert heard.count(("begin", "who", (1,), {})) == len(jobs)
    assert heard.count(("sent", True)) == len(jobs)
    with working():
        seen = [job.get(timeout=10) for job in jobs]
    assert seen.pop(2) == {"own": 1, "tenant": "acme"}
    assert seen == [{"tenant": "acme"}] * (len(jobs) - 1)


def test_a_follow_up_has_it_too(app: StreamQ, working: Working, who: Any, heard: list[Any]) -> None:
    @app.task(name="first")
    def first() -> str:
        tenant.set("inside")
        return str(current_job().enqueue(who.s()).id)

    with working():
        follow = app.result(first.delay().get(timeout=10))
        assert follow.get(timeout=10) == {"tenant": "inside"}
    assert heard.count(("sent", True)) == 2


def test_those_declared_first_are_outermost(app: StreamQ, who: Any) -> None:
    order = []

    def make(name: str) -> Callable[[EnqueuedCall], Iterator[None]]:
        def around(call: EnqueuedCall) -> Iterator[None]:
            order.append(f"{name} before")
            yield
            order.append(f"{name} after")

        return around

    app.around_enqueue(make("outer"))
    app.around_enqueue(make("inner"))
    who.delay()
    assert order == ["outer before", "inner before", "inner after", "outer after"]


def test_it_hears_of_what_fails_before_and_on_the_way(
    app: StreamQ, who: Any, heard: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EncodeError):
        who.delay(object())
    assert heard[-1] == ("failed", "EncodeError")
    monkeypatch.setattr(app.client, "enqueue", _refuse)
    with pytest.raises(BrokerUnavailable, match="nobody"):
        who.delay()
    assert heard[-1] == ("failed", "BrokerUnavailable")


def _refuse(*_: Any) -> None:
    raise BrokerUnavailable("nobody there")


def test_what_one_raises_reaches_the_caller_and_nothing_is_enqueued(
    app: StreamQ, who: Any, heard: list[Any]
) -> None:
    @app.around_enqueue
    def refuse(call: EnqueuedCall) -> Iterator[None]:
        if call.task:
            raise PermissionError("not this one")
        yield

    with pytest.raises(PermissionError):
        who.delay()
    assert heard[-1] == ("failed", "PermissionError")
    assert app.client.run(_count(app)).get("enqueued", 0) == 0


def _count(app: StreamQ) -> Any:
    return operations.count(app.keys("default"))


def test_a_catch_does_not_hide_a_failure(app: StreamQ, who: Any) -> None:
    @app.around_enqueue
    def swallow(call: EnqueuedCall) -> Iterator[None]:
        with suppress(EncodeError):
            yield

    with pytest.raises(EncodeError):
        who.delay(object())


def test_an_enqueue_under_a_key_that_exists_gives_the_first_jobs_id(app: StreamQ, who: Any) -> None:
    ids: list[str] = []
    events: list[JobEvent] = []

    @app.around_enqueue
    def note(call: EnqueuedCall) -> Generator[None, str, None]:
        ids.append((yield))

    app.on("job.enqueued")(lambda event: events.append(event))
    keyed = who.options(idempotency_key="k")
    first, second = keyed.delay(), keyed.delay()
    assert ids == [first.id, first.id] == [first.id, second.id]
    assert [(event.name, event.id, event.queue) for event in events] == [
        ("job.enqueued", first.id, "default")
    ]


@pytest.mark.parametrize("wrong", [lambda call: None, _count])
def test_what_is_no_generator_is_refused_with_the_cure(app: StreamQ, wrong: Any) -> None:
    for declare in (app.around_enqueue, app.around_run, app.lifespan):
        with pytest.raises(TypeError, match="one `yield`"):
            declare(wrong)


def test_an_async_one_cannot_go_around_delay(app: StreamQ) -> None:
    async def around(call: EnqueuedCall) -> Any:
        yield

    with pytest.raises(TypeError, match="plain generator"):
        app.around_enqueue(around)

    async def told(event: JobEvent) -> None: ...

    with pytest.raises(TypeError, match="no event loop"):
        app.on("job.enqueued")(told)


def test_an_unknown_event_is_refused_with_the_nearest(app: StreamQ) -> None:
    with pytest.raises(ValueError, match=r"did you mean 'job\.succeeded'"):
        app.on("job.suceeded")(print)  # type: ignore[arg-type]


def test_one_without_and_one_with_two_yields_are_errors(app: StreamQ, who: Any) -> None:
    def none(call: EnqueuedCall) -> Iterator[None]:
        if call.task == "":
            yield

    def two(call: EnqueuedCall) -> Iterator[None]:
        yield
        yield

    hooks = app.runtime.hooks.around_enqueue
    for around, said in ((none, "did not yield"), (two, "yields twice")):
        hooks[:] = []
        app.around_enqueue(around)
        with pytest.raises(RuntimeError, match=said):
            who.delay()


def test_eager_mode_has_the_same_around(app: StreamQ, who: Any, heard: list[Any]) -> None:
    runs: list[Any] = []

    @app.around_run
    def note(job: Any) -> Iterator[None]:
        runs.append((yield))

    app.conf.update(eager=True)
    tenant.set("here")
    assert who.delay().get() == {"tenant": "here"}
    assert runs == [{"tenant": "here"}]
    assert heard[-1] == ("sent", True)
