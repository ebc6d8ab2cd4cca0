from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from streamq import (
    EncodeError,
    GiveUp,
    JobState,
    ResultError,
    Retry,
    RunningJob,
    StreamQ,
    UnknownTask,
    current_job,
)
from streamq.context import activate

URL = "redis://127.0.0.1:1"


@pytest.fixture
def app() -> StreamQ:
    return StreamQ("shop", broker=URL)


@pytest.fixture
def eager() -> StreamQ:
    return StreamQ("shop", broker=URL, eager=True)


@dataclass
class Point:
    x: int


def test_a_task_called_directly_runs_here(app: StreamQ) -> None:
    @app.task
    def add(x: int, y: int = 1) -> int:
        current_job().set_progress(1, 2)
        return x + y

    @app.task
    async def aadd(x: int) -> int:
        return x

    assert add(1) == 2
    assert asyncio.run(aadd(3)) == 3


def test_without_a_job_the_current_one_is_detached() -> None:
    job = current_job()
    assert (job.detached, job.attempt, job.crashes, job.id) == (True, 1, 0, "")
    job.set_progress(30, 100, "half a page")


def test_a_bound_task_gets_the_running_job_first(app: StreamQ) -> None:
    @app.task(bind=True)
    def which(job: RunningJob, n: int) -> str:
        return f"{job.id}{n}"

    assert which(1) == "1"
    with activate(RunningJob("abc", detached=False)) as job:
        assert current_job() is job
        assert which(2) == "abc2"
    assert current_job().detached


def test_progress_is_reported_and_checked() -> None:
    seen: list[Any] = []
    job = RunningJob("x", detached=False, report=lambda what, one: seen.append(one))
    job.set_progress(30, 100, "half")
    job.set_progress(1)
    assert [(one.done, one.total, one.message) for one in seen] == [
        (30, 100, "half"),
        (1, None, ""),
    ]
    assert seen[0].fraction == 0.3
    for bad in (float("nan"), "3", None, True):
        with pytest.raises((TypeError, ValueError), match="done"):
            job.set_progress(bad)  # type: ignore[arg-type]


def refused(call: Callable[[], object]) -> TypeError:
    with pytest.raises(TypeError) as caught:
        call()
    return caught.value


def test_wrong_arguments_name_the_task_and_its_signature_at_the_callers_line(app: StreamQ) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    error = refused(lambda: add.delay(1))  # type: ignore[call-arg] # here
    assert "test_task.add(x: int, y: int)" in str(error)
    assert "'y'" in str(error)
    frames = traceback.extract_tb(error.__traceback__)
    assert frames[-2].line is not None
    assert "# here" in frames[-2].line
    for call in (
        lambda: add.s(1),  # type: ignore[call-arg]
        lambda: add.apply_async((1, 2, 3)),
        lambda: add.delay_many([(1,)]),
        lambda: asyncio.run(add.adelay(1)),  # type: ignore[call-arg]
        lambda: app.send_task(add.name, (1, 2), {"z": 3}),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()


def test_a_value_that_can_not_be_sent_is_refused_by_argument(app: StreamQ) -> None:
    @app.task
    def add(x: object) -> None: ...

    with pytest.raises(EncodeError, match="argument 'x'"):
        add.delay(object())


def test_delay_many_wants_tuples_or_calls(app: StreamQ) -> None:
    @app.task
    def double(x: int) -> int:
        return 2 * x

    @app.task
    def other(x: int) -> int:
        return x

    with pytest.raises(TypeError, match=r"for one argument write \(1,\)"):
        double.delay_many([1, 2])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="call of another task"):
        double.delay_many([other.s(1)])
    with pytest.raises(TypeError, match=r"write task\.s"):
        app.delay_many([(1,)])  # type: ignore[arg-type]


def test_a_call_shows_itself(app: StreamQ) -> None:
    @app.task(name="shop.add")
    def add(x: int, y: int) -> int:
        return x + y

    assert repr(add.s(4, y=5)) == "shop.add(4, y=5)"


def test_unknown_options_of_calls_are_refused(app: StreamQ) -> None:
    @app.task(name="shop.add")
    def add() -> None: ...

    for call in (
        lambda: add.options(countdwn=3),  # type: ignore[call-arg]
        lambda: add.apply_async(countdwn=3),  # type: ignore[call-arg]
        lambda: app.send_task("shop.other", countdwn=3),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="did you mean 'countdown'"):
            call()


def test_the_published_options_are_json(app: StreamQ) -> None:
    @app.task(queue="mail", max_attempts=5, backoff=[1, 2], retry_on=OSError, tags="x")
    def send() -> None: ...

    published = json.loads(send.published())
    assert published["queue"] == "mail"
    assert published["max_attempts"] == 5
    assert published["max_crashes"] == 3
    assert published["backoff"] == {"kind": "list", "delays": [1.0, 2.0]}
    assert send.fits((), {}) is None
    assert "too many" in (send.fits((1,), {}) or "")


def test_eager_mode_runs_here_through_real_encoding(eager: StreamQ) -> None:
    seen: list[object] = []

    @eager.task
    def move(point: Point, by: tuple[int, ...]) -> Point:
        seen.append(point)
        assert not current_job().detached
        return Point(point.x + sum(by))

    given = Point(1)
    job = move.delay(given, (1, 2))
    assert seen == [given]
    assert seen[0] is not given
    assert job.get() == Point(4)
    assert job.state is JobState.SUCCEEDED
    assert job.ready()
    assert job.successful()
    assert job.info().task == move.name
    with pytest.raises(EncodeError):
        move.delay(object(), ())  # type: ignore[arg-type]


def test_eager_async_tasks_run_with_and_without_a_loop(eager: StreamQ) -> None:
    @eager.task
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    async def inside() -> list[int]:
        return [await (await double.adelay(1)), double.delay(2).get()]

    assert double.delay(3).get() == 6
    assert asyncio.run(inside()) == [2, 4]


def test_eager_failures_come_back_as_themselves(eager: StreamQ) -> None:
    @eager.task(max_attempts=3, backoff=60)
    def flaky() -> int:
        if current_job().attempt < 3:
            raise ConnectionError("away")
        return current_job().attempt

    @eager.task(max_attempts=3)
    def bad() -> None:
        raise GiveUp("bad address")

    @eager.task
    def snoozing() -> int:
        raise Retry(countdown=5, counted=False)

    assert flaky.delay().get() == 3
    job = bad.delay()
    assert job.failed()
    assert job.state is JobState.DEAD
    assert isinstance(job.get(propagate=False), GiveUp)
    assert "bad address" in (job.traceback or "")
    with pytest.raises(GiveUp, match="bad address"):
        job.get()
    assert snoozing.delay().failed()  # not for ever


def test_eager_results_that_can_not_be_sent_leave_the_job_succeeded(eager: StreamQ) -> None:
    @eager.task
    def odd() -> object:
        return object()

    job = odd.delay()
    assert job.successful()
    with pytest.raises(ResultError, match="has no result"):
        job.get()


def test_eager_calls_of_all_kinds(eager: StreamQ) -> None:
    @eager.task
    def add(x: int, y: int) -> int:
        return x + y

    assert [job.get() for job in add.delay_many([(1, 2), (3, 4)])] == [3, 7]
    assert [job.get() for job in eager.delay_many([add.s(1, 1), add.s(2, 2)])] == [2, 4]
    assert eager.gather([add.delay(1, 2), add.delay(3, 4)]) == [3, 7]
    assert [job.get() for job in eager.as_completed([add.delay(1, 2)])] == [3]
    assert eager.send_task(add.name, (1, 2)).get() == 3
    assert add.options(countdown=60, queue="low").delay(1, 2).get() == 3
    with pytest.raises(UnknownTask, match="did you mean"):
        eager.send_task(add.name + "d")


def test_an_ignored_result_is_none_in_eager_mode(eager: StreamQ) -> None:
    @eager.task(ignore_result=True)
    def add() -> int:
        return 3

    assert add.delay().get() is None
