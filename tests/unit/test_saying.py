"""What a running job can say, and what a detached one can say for nothing."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import pytest

from streamq import EncodeError, LeaseLost, current_job
from streamq.codec import Codec
from streamq.context import RunningJob
from streamq.job import Progress
from streamq.job_reading import pack_progress, unpack_progress
from streamq.worker.reporting import Reporter
from tests.worker.bench import held_job


class Worker:
    """Takes down what a job says."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.said: list[tuple[str, Any]] = []
        self.keeps = keeps

    def __call__(self, what: str, value: Any) -> Any:
        self.said.append((what, value))
        if what == "acheckpoint":
            return self._later()
        return self.keeps if what == "checkpoint" else None

    async def _later(self) -> bool:
        return self.keeps

    def all(self, what: str) -> list[Any]:
        return [value for said, value in self.said if said == what]


def running(worker: Worker, restored: Any = None) -> RunningJob:
    return RunningJob("j", detached=False, report=worker, restored=restored)


def test_a_detached_job_speaks_to_nobody() -> None:
    job = current_job()
    job.log("line")
    job.emit(object())
    job.checkpoint(object())
    asyncio.run(job.acheckpoint(1))
    assert job.restored is None
    assert list(job.iterate("abc", every=1)) == ["a", "b", "c"]


def test_log_takes_what_print_takes_and_cuts_what_is_long() -> None:
    worker = Worker()
    running(worker).log("row", 7, None)
    running(worker).log("x" * 5000)
    assert worker.all("log") == ["row 7 None", "x" * 4000]


def test_a_file_name_that_is_no_text_can_be_said() -> None:
    worker = Worker()
    running(worker).log("f\udc80é.txt")
    running(worker).set_progress(1, 2, "f\udc80é.txt")
    assert worker.all("log") == ["f\\udc80é.txt"]
    assert worker.all("progress")[0].message == "f\\udc80é.txt"


@pytest.mark.parametrize(
    ("given", "kept"), [(7, 7), (10**30, 1e30), (Decimal("1.5"), 1.5), (Fraction(1, 4), 0.25)]
)
def test_progress_takes_any_number_and_what_is_kept_comes_back(given: Any, kept: float) -> None:
    worker = Worker()
    running(worker).set_progress(given, given)
    [progress] = worker.all("progress")
    assert unpack_progress(pack_progress(progress)) == Progress(kept, kept)


@pytest.mark.parametrize("given", ["5", None, True, 1j, math.nan, math.inf, 10**400])
def test_progress_that_is_no_number_is_refused(given: Any) -> None:
    worker = Worker()
    with pytest.raises(
        (TypeError, ValueError), match=r"set_progress\(done\): must be a number, not"
    ):
        running(worker).set_progress(given)
    assert worker.said == []


def test_a_checkpoint_that_is_refused_stops_the_job() -> None:
    job = running(Worker(keeps=False))
    with pytest.raises(LeaseLost, match="job j is no longer"):
        job.checkpoint(1)
    with pytest.raises(LeaseLost, match="stop here"):
        asyncio.run(job.acheckpoint(1))


def test_iterate_keeps_how_many_rows_are_done_and_goes_on_from_there() -> None:
    worker = Worker()
    assert list(running(worker).iterate(range(7), every=3)) == list(range(7))
    assert worker.all("checkpoint") == [3, 6, 7]
    assert [(one.done, one.total) for one in worker.all("progress")] == [(3, 7), (6, 7), (7, 7)]
    assert list(running(Worker(), restored=6).iterate(range(7))) == [6]
    assert list(running(Worker(), restored=7).iterate(iter(range(7)))) == []


def test_aiterate_takes_async_rows_and_others() -> None:
    async def rows() -> AsyncIterator[int]:
        for n in range(5):
            yield n

    async def collect(source: Any, restored: int | None = None) -> list[int]:
        job = running(Worker(), restored)
        return [row async for row in job.aiterate(source, every=2)]

    assert asyncio.run(collect(rows())) == [0, 1, 2, 3, 4]
    assert asyncio.run(collect(range(5), 4)) == [4]


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "2"])
def test_every_is_a_number_of_rows(every: Any) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        list(running(Worker()).iterate([1], every=every))


def test_another_checkpoint_is_no_number_of_rows() -> None:
    with pytest.raises(ValueError, match="not both"):
        list(running(Worker(), restored={"page": 1}).iterate([1]))


@pytest.mark.parametrize("what", ["chunk", "checkpoint", "acheckpoint"])
def test_what_cannot_be_sent_is_refused_by_its_name(what: str) -> None:
    report = Reporter(held_job(), cast("Any", None), Codec(), 60)
    with pytest.raises(EncodeError, match=rf"^{what.removeprefix('a')}: an object can't be sent"):
        report(what, object())
