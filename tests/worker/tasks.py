"""The tasks of the worker's tests; each run is written into a journal that tests read."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamq import GiveUp, Retry, StreamQ, current_job
from tests.worker.cancel_tasks import add_cancellable
from tests.worker.saying_tasks import add_saying
from tests.worker.timed import add_timed

KEPT: list[bytes] = []
JOURNAL = "STREAMQ_TEST_JOURNAL"  # a file, named in the environment
TICKS = "STREAMQ_TEST_TICKS"  # another


@dataclass(frozen=True)
class Run:
    """One line of the journal."""

    what: str  # begin or end
    id: str
    attempt: int
    crashes: int
    pid: int
    at: float  # monotonic, comparable between processes


def note(what: str) -> None:
    job = current_job()
    line = f"{what} {job.id} {job.attempt} {job.crashes} {os.getpid()} {time.monotonic()}\n"
    with Path(os.environ[JOURNAL]).open("a") as journal:
        journal.write(line)


def read_journal(path: Path) -> list[Run]:
    if not path.exists():
        return []
    runs = []
    for line in path.read_text().splitlines():
        what, job_id, *numbers, at = line.split()
        attempt, crashes, pid = map(int, numbers)
        runs.append(Run(what, job_id, attempt, crashes, pid, float(at)))
    return runs


def hold_the_gil(seconds: float) -> None:
    """Stay in one C call that lets no other thread run."""
    begin = time.perf_counter()
    sum(range(2_000_000))
    speed = 2_000_000 / (time.perf_counter() - begin)
    sum(range(int(speed * seconds)))


def make_app(**settings: Any) -> StreamQ:
    app = StreamQ("work", **settings)
    _add_plain(app)
    _add_async(app)
    _add_failing(app)
    _add_deadly(app)
    _add_in_processes(app)
    _add_deadly_in_processes(app)
    _add_ticking(app)
    _add_following(app)
    add_saying(app, note)
    add_cancellable(app, note)
    add_timed(app, note)
    return app


def _add_following(app: StreamQ) -> None:
    def enqueue(queue: str, text: str) -> str:
        job = current_job()
        follow = job.enqueue(app.call("said", (text,), queue=queue))
        job.enqueue(app.call("said", (f"not {text}",), queue=queue), when="dead")
        note("begin")
        return follow.id

    app.task(name="follows")(enqueue)
    app.task(name="pfollows", pool="process")(enqueue)

    @app.task(name="said")
    def said(text: str) -> str:
        note("begin")
        return text

    @app.task(name="fails_following", max_attempts=2, backoff=0)
    def fails_following(queue: str, times: int) -> None:
        enqueue(queue, "well")
        if current_job().attempt <= times:
            raise ValueError("not now")


def _add_plain(app: StreamQ) -> None:
    @app.task(name="add")
    def add(x: int, y: int) -> int:
        note("begin")
        return x + y

    @app.task(name="sleep")
    def sleep(seconds: float) -> str:
        note("begin")
        time.sleep(seconds)
        note("end")
        return "slept"

    @app.task(name="hog")
    def hog(seconds: float) -> str:
        note("begin")
        hold_the_gil(seconds)
        note("end")
        return "hogged"

    @app.task(name="grow")
    def grow(mib: int) -> int:
        """Keeps so much memory."""
        note("begin")
        KEPT.append(b"x" * (mib << 20))
        return len(KEPT)

    @app.task(name="who", bind=True)
    def who(job: Any) -> list[Any]:
        return [job.id == current_job().id, job.attempt, threading.current_thread().name]

    @app.task(name="progress")
    def progress(seconds: float) -> None:
        for done in range(10):
            current_job().set_progress(done, 10, "on its way")
        note("begin")
        time.sleep(seconds)


def _add_async(app: StreamQ) -> None:
    @app.task(name="aadd")
    async def aadd(x: int, y: int) -> int:
        await asyncio.sleep(0)
        return x + y

    @app.task(name="asleep")
    async def asleep(seconds: float) -> str:
        note("begin")
        await asyncio.sleep(seconds)
        note("end")
        return "slept"

    @app.task(name="block")
    async def block(seconds: float) -> str:
        note("begin")
        time.sleep(seconds)  # noqa: ASYNC251 - the mistake whose effect is tested
        note("end")
        return "blocked"

    @app.task(name="awho")
    async def awho() -> str:
        return current_job().id

    @app.task(name="cancels_itself")
    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(10)


def _add_failing(app: StreamQ) -> None:
    @app.task(name="flaky", max_attempts=3, backoff=[0.05, 0.1])
    def flaky(failures: int) -> int:
        note("begin")
        if current_job().attempt <= failures:
            raise ValueError(f"attempt {current_job().attempt}")
        return current_job().attempt

    @app.task(name="boom")
    def boom(text: str) -> None:
        note("begin")
        raise KeyError(text)

    @app.task(name="aboom")
    async def aboom(kind: str) -> None:
        raise _exception(kind)

    @app.task(name="throw")
    def throw(kind: str) -> None:
        raise _exception(kind)

    @app.task(name="gives_up", max_attempts=5)
    def gives_up() -> None:
        raise GiveUp("bad address")

    @app.task(name="again")
    def again(times: int, counted: bool) -> int:
        note("begin")
        runs = sum(
            1 for run in read_journal(Path(os.environ[JOURNAL])) if run.id == current_job().id
        )
        if runs <= times:
            raise Retry(countdown=0.05, counted=counted)
        return current_job().attempt


def _add_deadly(app: StreamQ) -> None:
    @app.task(name="dies", max_crashes=3)
    def dies(times: int) -> int:
        """Kills its process in its first runs."""
        note("begin")
        if current_job().crashes < times:
            os.kill(os.getpid(), signal.SIGKILL)
        return current_job().crashes

    @app.task(name="adies", max_crashes=3)
    async def adies(code: int) -> None:
        note("begin")
        os._exit(code)

    @app.task(name="leaves_a_child", max_crashes=2)
    def leaves_a_child() -> None:
        """Forks a child that outlives it, holding on to all that was open."""
        note("begin")
        if os.fork() == 0:
            note("left")
            time.sleep(60)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)

    @app.task(name="unsendable")
    def unsendable() -> object:
        return object()

    @app.task(name="too_large")
    def too_large() -> bytes:
        return bytes(2 << 20)


def _add_in_processes(app: StreamQ) -> None:
    @app.task(name="pwho", pool="process", bind=True)
    def pwho(job: Any, seconds: float = 0.0) -> list[Any]:
        note("begin")
        time.sleep(seconds)
        return [job.id == current_job().id, job.attempt, os.getpid()]

    @app.task(name="pawho", pool="process")
    async def pawho() -> int:
        await asyncio.sleep(0)
        note("begin")
        return os.getpid()

    @app.task(name="spin", pool="process")
    def spin(seconds: float) -> str:
        note("begin")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return "spun"

    @app.task(name="pflaky", pool="process", max_attempts=3, backoff=[0.05])
    def pflaky(failures: int) -> int:
        current_job().set_progress(1, 2, "half")
        if current_job().attempt <= failures:
            raise ValueError("not now")
        return current_job().attempt

    @app.task(name="pgrow", pool="process")
    def pgrow(mib: int) -> int:
        KEPT.append(b"x" * (mib << 20))
        return len(KEPT)


def _add_deadly_in_processes(app: StreamQ) -> None:
    @app.task(name="pdies", pool="process", max_crashes=1)
    def pdies(how: str) -> None:
        note("begin")
        if how == "exit":
            os._exit(7)
        if how == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        os.kill(os.getpid(), signal.SIGKILL)


def _add_ticking(app: StreamQ) -> None:
    """Tasks of schedules: each run writes its schedule, its tick and the time."""

    def write() -> None:
        job = current_job()
        assert job.scheduled_for is not None
        line = f"{job.schedule} {job.scheduled_for.isoformat()} {time.monotonic()} {job.attempt}\n"
        with Path(os.environ[TICKS]).open("a") as ticks:
            ticks.write(line)

    @app.task(name="tick")
    def tick() -> None:
        write()

    @app.task(name="slow_tick")
    def slow_tick(seconds: float) -> None:
        write()
        time.sleep(seconds)

    @app.task(name="failing_tick")
    def failing_tick() -> None:
        write()
        raise ValueError("not for now")


def _exception(kind: str) -> BaseException:
    kinds: dict[str, type[BaseException]] = {
        "SystemExit": SystemExit,
        "KeyboardInterrupt": KeyboardInterrupt,
        "GeneratorExit": GeneratorExit,
        "MemoryError": MemoryError,
        "RecursionError": RecursionError,
        "CancelledError": asyncio.CancelledError,
    }
    return kinds[kind]("from a task")
