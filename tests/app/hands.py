"""A worker's hands without a worker: claims jobs, runs or fails them, one script call at a time."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from streamq import StreamQ, operations
from streamq.context import RunningJob, activate
from streamq.ids import id_keeps_result
from streamq.operations import Ack, Again, Burial, ClaimedJob


@dataclass(frozen=True)
class Claim:
    """A job in hand."""

    job: ClaimedJob
    token: str

    @property
    def id(self) -> str:
        return self.job.id


class Hands:
    """Does by hand, in one queue, what a worker would do."""

    def __init__(self, app: StreamQ, queue: str = "default") -> None:
        self.app = app
        self.keys = app.keys(queue)
        self.name = f"hands-{os.urandom(4).hex()}"
        self._seq = 0

    def claim(self, limit: int = 100) -> list[Claim]:
        token = os.urandom(16).hex()
        found = self.app.client.run(
            operations.claim(
                self.keys,
                worker=self.name,
                token=token,
                lease_ms=30_000,
                limit=limit,
                result_ttl_ms=60_000,
            )
        )
        return [Claim(job, token) for job in found.jobs]

    def promote(self) -> int:
        return self.app.client.run(operations.promote(self.keys)).moved

    def publish(self) -> None:
        """Make the tasks known, as a worker does when it starts."""
        tasks = {name: task.published() for name, task in self.app.tasks.items()}
        call = operations.register(
            self.keys, worker=self.name, alive_ms=60_000, info="{}", tasks=tasks
        )
        self.app.client.run(call)

    def run_all(self) -> int:
        """Run everything that waits; how many jobs that was."""
        claims = self.claim()
        for one in claims:
            self.run(one)
        return len(claims)

    def run(self, claim: Claim) -> None:
        codec, task = self.app.codec, self.app.tasks[claim.job.record.task]
        args, kwargs, _ = codec.decode_call(claim.job.record.body, task.annotations)
        running = RunningJob(
            claim.id, task.name, self.keys.queue, claim.job.attempt, detached=False
        )
        try:
            with activate(running):
                first = (running,) if task.bind else ()
                value = task.function(*first, *args, **kwargs)
                if task.is_async:
                    value = asyncio.run(value)
        except Exception as error:
            self.fail(claim, error)
        else:
            self.succeed(claim, value)

    def succeed(self, claim: Claim, value: Any = None, ttl_ms: int = 60_000) -> None:
        kept = id_keeps_result(claim.id)
        ack = Ack(
            claim.id,
            claim.token,
            claim.job.record.task,
            "ok" if kept else "none",
            5,
            ttl_ms if kept else 0,
            self.app.codec.encode_value(value) if kept else b"",
        )
        self._settle(operations.ack, [ack])

    def unsendable(self, claim: Claim, why: str) -> None:
        task = claim.job.record.task
        ack = Ack(claim.id, claim.token, task, "unsendable", 5, 60_000, why.encode())
        self._settle(operations.ack, [ack])

    def fail(self, claim: Claim, error: BaseException, reason: str = "failed") -> None:
        encoded = self.app.codec.encode_exception(error)
        burial = Burial(claim.id, claim.token, claim.job.record.task, reason, 5, encoded)
        self._settle(operations.bury, [burial])

    def retry(self, claim: Claim, error: BaseException, delay_ms: int = 60_000) -> None:
        encoded = self.app.codec.encode_exception(error)
        task = claim.job.record.task
        self._settle(
            operations.retry, [Again(claim.id, claim.token, delay_ms, True, encoded, task)]
        )

    def _settle(self, describe: Any, jobs: list[Any]) -> None:
        self._seq += 1
        call = describe(self.keys, worker=self.name, seq=self._seq, jobs=jobs)
        words = self.app.client.run(call)
        words = words[1] if isinstance(words, tuple) else words
        assert words == ["OK"] * len(jobs)


@contextmanager
def soon(work: Callable[[], object], seconds: float = 0.2) -> Iterator[None]:
    """Have it done by another thread in a while, inside `with`."""
    timer = threading.Timer(seconds, work)
    timer.start()
    try:
        yield
    finally:
        timer.join()
