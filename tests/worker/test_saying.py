"""What a running job says: chunks, log lines, checkpoints; from threads, the loop, processes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from streamq import RemoteError
from streamq.job import JobState
from tests.waiting import wait_until
from tests.worker.rig import Rig

each_kind = pytest.mark.parametrize("task", ["says", "asays", "psays", "pasays"])


@each_kind
def test_every_chunk_and_line_is_there_with_the_result(rig: Rig, task: str) -> None:
    rig.start()
    job = rig.send(task, 300)
    assert list(job.stream(timeout=30)) == [{"n": i} for i in range(300)]
    assert job.get(timeout=10) == 300
    assert [line.text for line in job.log()] == [f"line {i}" for i in range(300)]
    assert list(job.stream(timeout=10)) == [{"n": i} for i in range(300)], "who comes late, too"


def test_a_reader_gets_chunks_while_the_job_runs(rig: Rig) -> None:
    rig.start()
    job = rig.send("slowly", 5, 0.15)
    came = [(chunk, time.monotonic()) for chunk in job.stream(timeout=20)]
    assert [chunk for chunk, _ in came] == list(range(5))
    assert came[-1][1] - came[0][1] > 0.3, "not all at its end"


def test_async_readers_side_by_side(rig: Rig) -> None:
    rig.start()

    async def read() -> tuple[list[Any], ...]:
        job = rig.send("slowly", 5, 0.3)

        async def all_of(source: Any) -> list[Any]:
            return [one async for one in source]

        found = await asyncio.gather(
            all_of(job.stream(timeout=20)),
            all_of(job.stream(timeout=20)),
            all_of(job.follow_log(timeout=20)),
            all_of(job.watch(timeout=20)),
        )
        await rig.app.client.aclose()
        return found

    chunks, again, lines, progress = asyncio.run(read())
    assert chunks == again == list(range(5))
    assert [line.text for line in lines] == [f"at {i}" for i in range(5)]
    assert progress
    assert all(one.total == 5 for one in progress)
    assert progress[-1].done == 5, "the last one, however soon the job ended after it"


def test_a_stream_ends_with_the_failure_of_its_job(rig: Rig) -> None:
    rig.start()
    job = rig.send("says", 3, "no more")
    got: list[Any] = []
    with pytest.raises((ValueError, RemoteError), match="no more"):
        got.extend(job.stream(timeout=10))
    assert len(list(job.watch(timeout=10))) == 0
    assert job.state is JobState.DEAD
    assert [line.text for line in job.log()] == ["line 0", "line 1", "line 2"]


@pytest.mark.parametrize("task", ["keeps", "pkeeps"])
def test_a_checkpoint_is_there_in_the_next_run(rig: Rig, task: str) -> None:
    rig.start()
    value = {"page": 7, "ids": [1, 2, 3]}
    assert rig.send(task, value).get(timeout=20) == value


@pytest.mark.parametrize("task", ["walks", "pwalks"])
def test_a_job_killed_in_the_middle_goes_on_from_its_last_checkpoint(rig: Rig, task: str) -> None:
    rig.start()
    job = rig.send(task, 30, 17)
    assert job.get(timeout=30) == 30
    rows = [run.what for run in rig.all_runs() if run.what.startswith("row")]
    assert rows == [f"row{n}" for n in (*range(18), *range(15, 30))]


@pytest.mark.parametrize("task", ["awalks", "pawalks"])
def test_an_async_job_that_is_retried_goes_on_too(rig: Rig, task: str) -> None:
    rig.start()
    assert rig.send(task, 20, 12).get(timeout=20) == 20
    rows = [run.what for run in rig.all_runs() if run.what.startswith("row")]
    assert rows == [f"row{n}" for n in (*range(13), *range(10, 20))]


def test_a_blocking_checkpoint_in_an_async_task_is_refused_with_the_cure(rig: Rig) -> None:
    rig.start()
    with pytest.raises((RuntimeError, RemoteError), match=r"await job\.acheckpoint"):
        rig.send("blocks", 1).get(timeout=10)


def test_what_a_job_says_during_an_outage_arrives_after_it(rig: Rig) -> None:
    rig.start()
    job = rig.send("slowly", 10, 0.1)
    wait_until(lambda: bool(job.log()), "the first line")
    rig.server.pause()
    time.sleep(1)
    rig.server.resume()
    assert list(job.stream(timeout=20)) == list(range(10))
    assert [line.text for line in job.log()] == [f"at {i}" for i in range(10)]


def test_a_tight_loop_costs_microseconds_and_too_much_is_refused(rig: Rig) -> None:
    rig.start()
    took, refused = rig.send("floods").get(timeout=30)
    assert "10,000" in refused
    assert max(took) < 200e-6, "seconds a call: of emit, log, set_progress; on any machine"
