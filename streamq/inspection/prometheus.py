"""What Prometheus is told: all of it read from the server, by whoever asks.

Names, labels and their meaning stand in `docs/reference/metrics.md`, which a test compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.inspection.exposition import Family, exposition
from streamq.inspection.limits import limiters_question
from streamq.inspection.overview import queues_question
from streamq.limits import RateLimit
from streamq.operations import stats
from streamq.operations.tally import KINDS
from streamq.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.limits import LimiterInfo
    from streamq.inspection.overview import QueueInfo
    from streamq.operations import StatsPage

_STATES = ("waiting", "scheduled", "parked", "running", "dead")
_EVENTS = (  # of a queue's counters, those that are not counted by task
    *("revived", "deleted", "evicted", "outcomes_evicted", "crashed", "released", "stranded"),
    *("replaced", "throttled"),
)
_TOLD = {
    "enqueued": "Jobs that were accepted.",
    "started": "Jobs that were handed to a worker.",
    "succeeded": "Jobs that succeeded.",
    "retried": "Runs after which a job was to run again later.",
    "dead": "Jobs that died.",
    "cancelled": "Jobs that were cancelled.",
    "expired": "Jobs that were too old to start.",
    "reclaimed": "Runs that were lost with their worker or their lease.",
}


def metrics_question(app: StreamQ) -> Question[str]:
    """All metrics in Prometheus's text format, version 0.0.4."""
    queues = yield from queues_question(app)
    pages = (yield [stats(app.keys(queue.queue)) for queue in queues]) if queues else []
    limits = yield from limiters_question(app)
    info = Family("streamq_info", "gauge", "Always 1; the version of who answers.")
    info.add(1, version=__version__)
    return exposition([info, *_of_queues(queues), *_of_tasks(queues, pages), *_of_limits(limits)])


def _of_queues(queues: Iterable[QueueInfo]) -> Iterable[Family]:
    jobs = Family("streamq_jobs", "gauge", "Jobs by where they are.")
    age = Family(
        "streamq_oldest_waiting_seconds", "gauge", "How long the next job has been waiting."
    )
    workers = Family("streamq_workers", "gauge", "Workers that count as alive.")
    results = Family("streamq_results", "gauge", "Results that are kept.")
    events = Family("streamq_queue_events_total", "counter", "What else happened to jobs.")
    for queue in queues:
        for state in _STATES:
            jobs.add(getattr(queue, state), queue=queue.queue, state=state)
        age.add(queue.oldest_seconds or 0, queue=queue.queue)
        workers.add(queue.workers, queue=queue.queue)
        results.add(queue.results, queue=queue.queue)
        for event in _EVENTS:
            events.add(queue.counters.get(event, 0), queue=queue.queue, event=event)
    return jobs, age, workers, results, events


def _of_tasks(queues: Iterable[QueueInfo], pages: Iterable[StatsPage]) -> Iterable[Family]:
    counts = {kind: Family(f"streamq_jobs_{kind}_total", "counter", _TOLD[kind]) for kind in KINDS}
    waited = Family(
        "streamq_job_wait_seconds", "histogram", "From when a job could start to its start."
    )
    ran = Family("streamq_job_run_seconds", "histogram", "How long runs took.")
    for queue, page in zip(queues, pages, strict=True):
        tally = page.tally
        if tally is None:
            continue
        for task, one in sorted(tally.by_task().items()):
            for kind, family in counts.items():
                family.add(one.counts[kind], queue=queue.queue, task=task)
            waited.add_times(one.waited, queue=queue.queue, task=task)
            ran.add_times(one.ran, queue=queue.queue, task=task)
    return *counts.values(), waited, ran


def _of_limits(limits: Iterable[LimiterInfo]) -> Iterable[Family]:
    """The keys of a limit are summed up: there may be a million of them."""
    most = Family("streamq_limit", "gauge", "Jobs at once, or starts a second, for each key.")
    used = Family("streamq_limit_used", "gauge", "Jobs that run, or starts that are booked.")
    waiting = Family("streamq_limit_waiting_jobs", "gauge", "Jobs that wait for it.")
    sums: dict[tuple[str, str, str], list[float]] = {}
    for one in limits:
        is_rate = isinstance(one.limit, RateLimit)
        size = 1 / one.limit.interval if isinstance(one.limit, RateLimit) else one.limit.limit
        names = (one.queue, one.name, "rate" if is_rate else "concurrency")
        row = sums.setdefault(names, [size, 0, 0])
        row[1] += one.used
        row[2] += one.waiting
    for (queue, limit, kind), row in sorted(sums.items()):
        for family, value in zip((most, used, waiting), row, strict=True):
            family.add(value, queue=queue, limit=limit, kind=kind)
    return most, used, waiting
