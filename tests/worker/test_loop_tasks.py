"""Async jobs on the loop: many may share one asyncio task, and must not notice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, cast

import pytest

from streamq.operations import Ack, HandBack
from streamq.worker.held import Ended, Held
from streamq.worker.loop_tasks import MANY, LoopPool
from streamq.worker.runner import Runner
from tests.waiting import wait_until_async
from tests.worker.bench import held_job

Job = Callable[[], Coroutine[Any, Any, Any]]
var: ContextVar[str] = ContextVar("var", default="untouched")


class FakeRunner:
    """Runs functions in the place of jobs; keeps what each returned or raised."""

    def __init__(self) -> None:
        self.jobs: dict[Held, Job] = {}
        self.came_of: list[Any] = []

    async def run_async(self, held: Held, was_cancelled: Callable[[], bool]) -> Ended:
        try:
            self.came_of.append(await self.jobs[held]())
        except BaseException as error:
            self.came_of.append(error)
            if was_cancelled():
                return Ended(held, HandBack("id", "t"))
        return Ended(held, Ack("id", "t", "task", "none", 0, 0))


class Play:
    """A pool of two slots, and what it says."""

    def __init__(self, slots: int = 2) -> None:
        self.runner = FakeRunner()
        self.ended: list[Ended] = []
        self.broken: list[BaseException] = []
        self.pool = LoopPool(
            slots,
            cast("Runner", self.runner),
            self.ended.extend,
            self.broken.append,
            asyncio.get_running_loop(),
        )

    def start(self, *jobs: Job) -> None:
        held = [held_job() for _ in jobs]
        self.runner.jobs.update(zip(held, jobs, strict=True))
        self.pool.start(held)

    async def run(self, *jobs: Job) -> list[Any]:
        self.start(*jobs)
        await wait_until_async(lambda: len(self.ended) == len(jobs), "all to end")
        assert (self.pool.slots.held, self.pool.running, self.pool.backlog) == (0, [], 0)
        assert not self.broken
        return self.runner.came_of


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scene()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


async def whose() -> int:
    return id(asyncio.current_task())


def test_jobs_that_never_suspend_share_a_task() -> None:
    async def scene() -> None:
        assert len(set(await Play().run(*[whose] * 50))) < 5

    play(scene)


def test_a_job_that_suspends_has_its_task_for_itself() -> None:
    async def keep() -> asyncio.Task[Any] | None:
        task = asyncio.current_task()
        await asyncio.sleep(0)
        assert task is asyncio.current_task()
        assert task is not None
        assert task.get_name() == "id"
        return task

    async def scene() -> None:
        found = await Play().run(*[keep] * 10)
        assert len(set(found)) == 10

    play(scene)


def test_no_job_sees_what_another_put_into_context_variables() -> None:
    async def plain() -> str:
        before = var.get()
        var.set("set by another")
        return before

    async def suspends() -> str:
        before = await plain()
        await asyncio.sleep(0)
        assert var.get() == "set by another", "but its own it sees"
        return before

    async def scene() -> None:
        assert set(await Play().run(*[plain, suspends] * 20)) == {"untouched"}
        assert var.get() == "untouched"

    play(scene)


def test_a_job_that_cancels_itself_hits_no_other() -> None:
    async def cancels() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return "returned"

    async def takes_it_back() -> str:
        await cancels()
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        return "returned"

    async def suspends() -> str:
        await asyncio.sleep(0.001)
        return "slept"

    async def scene() -> None:
        came_of = await Play().run(*[cancels, suspends, takes_it_back, suspends] * 5)
        assert sorted(came_of) == ["returned"] * 10 + ["slept"] * 10

    play(scene)


def test_what_needs_an_asyncio_task_works_from_the_first_step_on() -> None:
    async def with_time_out() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(10)
        except TimeoutError:
            return "timed out"
        return "slept"

    async def with_group() -> str:
        async with asyncio.TaskGroup() as group:
            one = group.create_task(asyncio.sleep(0.001, "one"))
        return str(await one)

    async def with_error() -> None:
        await asyncio.sleep(0)
        raise KeyError

    async def scene() -> None:
        came_of = await Play(4).run(with_time_out, with_group, with_error)
        assert sorted(map(str, came_of)) == ["", "one", "timed out"]

    play(scene)


def test_jobs_that_never_suspend_let_the_loop_turn() -> None:
    async def busy() -> None:
        time.sleep(0.001)  # noqa: ASYNC251 - it is to be rude

    async def scene() -> None:
        stage, turns = Play(), 0
        stage.start(*[busy] * 100)
        longest, last = 0.0, time.monotonic()
        while len(stage.ended) < 100:
            await asyncio.sleep(0)
            turns += 1
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert turns >= 10, f"{turns} turns, the longest took {longest:.3f} s"

    play(scene)


@pytest.mark.parametrize(("jobs", "yields"), [(2, False), (MANY + 2, True)])
def test_with_many_in_hand_the_server_gets_a_core_first(
    jobs: int, yields: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    yielded: list[int] = []

    async def job() -> None: ...

    async def scene() -> None:
        stage = Play()
        monkeypatch.setattr("os.sched_yield", lambda: yielded.append(len(stage.ended)))
        await stage.run(*[job] * jobs)

    play(scene)
    assert yielded == ([0] if yields else []), "once, before the first of them"


def test_no_more_run_at_once_than_there_are_slots() -> None:
    async def scene() -> None:
        stage, at_once, most = Play(3), 0, 0

        async def counts() -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.001)
            at_once -= 1

        await stage.run(*[counts] * 20)
        assert most == 3

    play(scene)


def test_a_cancelled_pool_hands_back_what_runs() -> None:
    async def scene() -> None:
        stage = Play()
        stage.start(*[lambda: asyncio.sleep(10)] * 2)
        await wait_until_async(lambda: len(stage.pool.running) == 2, "both to run")
        stage.pool.cancel()
        await wait_until_async(lambda: len(stage.ended) == 2, "both to end")
        assert {type(one.outcome) for one in stage.ended} == {HandBack}

    play(scene)


def test_an_error_of_our_own_ends_the_worker() -> None:
    class Unready(FakeRunner):
        async def run_async(self, held: Held, _was_cancelled: Callable[[], bool]) -> Ended:
            raise KeyError(held)

    async def broken() -> None:
        stage = Play()
        stage.pool._runner = cast("Runner", Unready())
        stage.pool.start([held_job()])
        await wait_until_async(lambda: stage.broken, "it to be told")
        assert isinstance(stage.broken[0], KeyError)

    play(broken)
