"""Runs everything that is ready, here, through real encoding: for tests of applications."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.operations import Ack, Again, Burial, HandBack, Said, Throttled
from streamq.worker.held import Held, Lease
from streamq.worker.identity import new_name
from streamq.worker.job_log import JobLog
from streamq.worker.known import known_tasks
from streamq.worker.options import bounds_of
from streamq.worker.runner import Runner
from streamq.worker.settler import Settler

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from streamq.app import StreamQ
    from streamq.keys import QueueKeys
    from streamq.worker.held import Ended


@dataclass(slots=True)
class DrainReport:
    """What a drain did."""

    succeeded: int = 0
    retried: int = 0  # failed or snoozed, and scheduled again
    dead: int = 0
    set_aside: int = 0  # of tasks that the application doesn't have
    expired: int = 0  # too old to start
    ids: list[str] = field(default_factory=list)  # of the jobs that ran, in their order
    tasks: Counter[str] = field(default_factory=Counter)  # runs by task

    @property
    def ran(self) -> int:
        """How many runs there were."""
        return self.succeeded + self.retried + self.dead


def drain(app: StreamQ, *, queues: Iterable[str] | None = None, timeout: float = 30) -> DrainReport:
    """Run all jobs that may run now, and those that they enqueue, in the calling thread.

    Jobs that are due later are left alone; a retry without delay is run. `queues` are by default
    all of the application's. Raises TimeoutError when `timeout` seconds have passed and there is
    still more: jobs that enqueue jobs without end.
    """
    names = list(queues) if queues is not None else app.queues()
    drainer = _Drainer(app, time.monotonic() + timeout)
    keys = [app.keys(name) for name in names]
    try:
        while any([drainer.drain_queue(one) for one in keys]):  # noqa: C419 - all of them each time
            pass
    finally:
        for one in keys:
            app.client.run(operations.unregister(one, worker=drainer.worker))
    return drainer.report


class _Drainer:
    """A worker with one pair of hands: claims a job, runs it, settles it."""

    def __init__(self, app: StreamQ, deadline: float) -> None:
        self.worker = new_name()
        self.report = DrainReport()
        self._app = app
        self._bounds = bounds_of(app)
        self._deadline = deadline
        self._log = JobLog()
        tasks, largest = known_tasks(app), app.conf.max_result_bytes
        self._runner = Runner(
            tasks,
            app.codec,
            largest,
            DrainReports(app, self._bounds.lease_ms),
            app.runtime.hooks,
        )
        self._settlers: dict[str, Settler] = {}

    def drain_queue(self, keys: QueueKeys) -> bool:
        """Run what is ready; whether there was anything."""
        client = self._app.client
        self._settlers.setdefault(keys.queue, Settler(keys, self.worker, self._bounds))
        found = False
        while True:
            client.run(operations.promote(keys))
            token = os.urandom(16).hex()
            claimed = client.run(
                operations.claim(
                    keys,
                    worker=self.worker,
                    token=token,
                    lease_ms=self._bounds.lease_ms,
                    limit=1,  # the lease is not renewed: it is to cover one job
                    result_ttl_ms=self._bounds.result_ttl_ms,
                    results_cap=self._bounds.results_cap,
                    tasks=list(self._runner.tasks),
                )
            )
            self.report.expired += claimed.expired
            if not claimed.jobs:
                if not claimed.expired:
                    return found
                continue
            found = True
            if time.monotonic() > self._deadline:
                self._hand_back(keys, claimed.jobs[0].id, token)
                raise TimeoutError(f"drain: time is over, and queue {keys.queue!r} has more jobs")
            time.sleep(claimed.jobs[0].delay_us / 1e6)  # a rate limit's next one, 30 ms at most
            lease = Lease(keys.queue, token, 1, claimed.now_ms, time.monotonic())
            self._run(keys, Held(claimed.jobs[0], lease))

    def _run(self, keys: QueueKeys, held: Held) -> None:
        known = self._runner.tasks.get(held.job.record.task)
        if known is not None and known.is_async:
            ended: Ended = _in_own_loop(self._runner.run_async(held, _never))
        else:
            ended = copy_context().run(self._runner.run, held)
        is_interrupted = isinstance(ended.error, KeyboardInterrupt)  # somebody means us
        self._note(ended)
        self._log.ended([ended])
        settler = self._settlers[keys.queue]
        settler.add(ended)
        batch = settler.batch()
        if batch is not None:
            settler.answered(self._app.client.run(batch.call))
        if is_interrupted:
            raise KeyboardInterrupt

    def _note(self, ended: Ended) -> None:
        report, outcome, job = self.report, ended.outcome, ended.held.job
        if isinstance(outcome, Ack):
            report.succeeded += 1
        elif isinstance(outcome, (Again, Throttled)):
            report.retried += 1
        elif isinstance(outcome, Burial):
            report.dead += 1
        else:
            report.set_aside += 1
            return
        report.ids.append(job.id)
        report.tasks[job.record.task] += 1

    def _hand_back(self, keys: QueueKeys, job_id: str, token: str) -> None:
        jobs = [HandBack(job_id, token, unused=True)]
        call = operations.release(keys, worker=self.worker, seq=time.time_ns(), jobs=jobs)
        self._app.client.run(call)


class DrainReports:
    """What the jobs say goes to the server at once: nobody else speaks meanwhile."""

    def __init__(self, app: StreamQ, lease_ms: int) -> None:
        self._app = app
        self._lease_ms = lease_ms
        self._said: Counter[tuple[str, str, str]] = Counter()  # entries, by job, run and kind

    def progress(self, held: Held, packed: bytes) -> None:
        """Keep it, for what the job itself looks at."""
        jobs = [(held.job.id, held.lease.token, packed)]
        self._app.client.run(operations.progress(self._keys(held), jobs=jobs))

    def say(self, held: Held, kind: str, packed: bytes, keep_ms: int) -> None:
        """Add it."""
        job_id, token = held.job.id, held.lease.token
        self._said[job_id, token, kind] += 1
        said = Said(job_id, token, self._said[job_id, token, kind], keep_ms, [packed])
        self._app.client.run(operations.append(self._keys(held), trail=kind, jobs=[said]))

    def checkpoint(self, held: Held, packed: bytes) -> bool:
        """Have it kept."""
        jobs = [(held.job.id, held.lease.token, packed)]
        call = operations.checkpoint(self._keys(held), lease_ms=self._lease_ms, jobs=jobs)
        return self._app.client.run(call) == ["OK"]

    async def acheckpoint(self, held: Held, packed: bytes) -> bool:
        """As `checkpoint`; the loop has nothing else to do."""
        return self.checkpoint(held, packed)

    def limit(self, held: Held, soft_s: float, hard_s: float) -> None:
        """Nobody keeps the time here: a debugger may stand in the job."""

    def extend(self, held: Held, seconds: float) -> None:
        """The same."""

    def _keys(self, held: Held) -> QueueKeys:
        return self._app.keys(held.lease.queue)


def _never() -> bool:
    return False


def _in_own_loop(running: Coroutine[Any, Any, Ended]) -> Ended:
    """Run a coroutine to its end; on another thread where this one has a loop that runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(running)
    result: list[Ended] = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(running)))
    thread.start()
    thread.join()
    return result[0]
