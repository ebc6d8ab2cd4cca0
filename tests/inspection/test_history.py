"""What was done in the last hours: the Python API, and what the command line draws."""

from __future__ import annotations

import asyncio
import time

import pytest

from streamq import StreamQ, inspection
from streamq.cli.stats_view import bars
from streamq.inspection.history import quantile
from streamq.keys import queue_keys
from streamq.operations import Times
from tests.inspection.hand import Hand
from tests.servers import Server


def test_quantiles_lie_inside_their_bucket() -> None:
    times = Times(0, [0] * 29)
    times.buckets[3], times.buckets[10] = 90, 10  # 4 to 8 ms, 512 to 1,024 ms
    assert 0.004 < quantile(times, 0.5) < 0.008
    assert quantile(times, 0.9) == pytest.approx(0.008)
    assert 0.512 < quantile(times, 0.99) < 1.024
    assert quantile(Times(), 0.5) == 0


def test_bars_show_whatever_is_there() -> None:
    assert bars([0, 1, 1000]) == " ▁█"
    assert bars([0, 0]) == "  "
    assert bars([]) == ""


def back(server: Server, queue: str, minutes: int) -> None:
    """What was counted last was counted so many minutes ago."""
    key = queue_keys("streamq", queue).key("tallied")
    server.admin.hset(key, "!minute", int(time.time() // 60) - minutes)


def test_counts_are_summed_over_the_time_that_is_asked_for(
    server: Server, app: StreamQ, hand: Hand
) -> None:
    if (late := time.time() % 60) > 50:
        time.sleep(61 - late)  # all of it in one minute
    for n in range(3):
        app.send_task("shop.add", (n,))
        if n == 1:
            back(server, hand.keys.queue, 120)
    for job in hand.claim(3):
        hand.succeed(job, 1)
    found = inspection.stats(app, since=3 * 3600)
    (task,) = found.tasks
    assert (task.counts["enqueued"], task.counts["succeeded"]) == (3, 3)
    assert task.waited is not None
    assert task.waited.count == 3
    enqueued = found.series["enqueued"]
    assert (sum(enqueued), enqueued[-1]) == (3, 1)
    assert len(enqueued) * found.step_seconds == 3 * 3600
    (recent,) = inspection.stats(app, since=3600).tasks
    assert recent.counts["enqueued"] == 1
    assert inspection.stats(app, queues=["other"]).tasks == []
    assert inspection.stats(app, tasks=["other"]).tasks == []
    assert asyncio.run(_later(app)) == found.tasks


async def _later(app: StreamQ) -> list[inspection.TaskStats]:
    try:
        return (await inspection.astats(app, since=3 * 3600)).tasks
    finally:
        await app.aclose()


@pytest.mark.parametrize("since", [0, 59, 73 * 3600])
def test_longer_than_counts_are_kept_is_refused(app: StreamQ, since: float) -> None:
    with pytest.raises(ValueError, match="60 seconds to 72 hours"):
        inspection.stats(app, since=since)
