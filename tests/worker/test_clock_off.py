"""Workers whose clock is an hour ahead, and an hour behind: nothing here goes by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from streamq import JobExpired, TimeLimitExceeded
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import Rig
from tests.worker.tasks import TICKS

HOUR_S = 3600
QUEUES = {1: "ahead", -1: "behind"}  # hours that a worker's clock is off -> its own queue
SLACK_S = 15.0  # of a busy machine; an hour is much more


# What Python imports before anything else: from then on its clock is off. (libfaketime would make
# `time.sleep` fail.)
OFF = """
import datetime, time

OFF_S = {off_s}
real_time, real_time_ns, real_datetime = time.time, time.time_ns, datetime.datetime
time.time = lambda: real_time() + OFF_S
time.time_ns = lambda: real_time_ns() + OFF_S * 10**9


class Off(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return real_datetime.now(tz) + datetime.timedelta(seconds=OFF_S)


datetime.datetime = Off
"""


@pytest.fixture
def off(server: Server, make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Two workers, each on a queue of its own and on `default`."""
    rig = make_rig(server)
    monkeypatch.setenv(TICKS, str(rig.folder / "ticks"))
    for hours, queue in QUEUES.items():
        folder = rig.folder / queue
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(OFF.format(off_s=hours * HOUR_S))
        rig.start(path=folder, queues=(queue, "default"), process_concurrency=1)
        said = rig.send("clock", queue=queue).get(timeout=20)
        for clock in said:
            assert clock - time.time() == pytest.approx(hours * HOUR_S, abs=SLACK_S), "it is off"
    return rig


def test_a_workers_clock_changes_nothing(off: Rig) -> None:
    own = list(QUEUES.values())
    began, start = time.monotonic(), datetime.now(UTC)
    off.app.schedules.create("steady", "tick", every=timedelta(seconds=0.2))
    leased = [off.send("sleep", 2.5, queue=queue) for queue in own]
    timed = [off.send("thread_sleeping", queue=queue) for queue in own]
    asked = [off.send("extends", 5, queue=queue) for queue in own]
    delayed = [off.send("sleep", 0, queue=queue, countdown=0.8, expires=60) for queue in own]
    young = [off.send("flaky", 2, queue=queue, countdown=0.1, max_age=300) for queue in own]
    late = [off.send("sleep", 0, queue=queue, countdown=0.8, expires=0.4) for queue in own]
    limited = [off.send("sleep", 0, queue=own[0], rate_limit="5/s") for _ in range(5)]
    for job in delayed:
        assert off.began(job, timeout=20).at - began > 0.75
    assert [job.get(timeout=20) for job in young] == [3, 3]
    for job in late:
        with pytest.raises(JobExpired):
            job.get(timeout=20)
    for job in timed:
        with pytest.raises(TimeLimitExceeded):
            job.get(timeout=20)
    for job in asked:
        deadline, _ = job.get(timeout=20)
        assert deadline == pytest.approx(time.time(), abs=SLACK_S + 1)
    starts = sorted(off.began(job, timeout=20).at for job in limited)
    assert starts[-1] - starts[0] > 4 / 5 - 0.1
    assert [job.get(timeout=20) for job in leased] == ["slept"] * 2
    assert [len(off.runs(job)) for job in leased] == [1, 1], "renewed, and never reclaimed"
    ticked(off, start)


def ticked(rig: Rig, start: datetime) -> None:
    """Its jobs are for moments that were, by the right clock."""
    file = rig.folder / "ticks"
    wait_until(lambda: file.exists() and len(file.read_text().splitlines()) > 5, "ticks", 20)
    rig.app.schedules.delete("steady")
    ticks = [datetime.fromisoformat(line.split()[1]) for line in file.read_text().splitlines()]
    assert min(ticks) > start - timedelta(seconds=1)
    assert max(ticks) < datetime.now(UTC) + timedelta(seconds=1)
    assert len(ticks) == len(set(ticks))
