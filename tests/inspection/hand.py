"""A worker played by hand, step by step, so that each state of a job can be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from streamq import StreamQ, operations
from streamq.keys import QueueKeys, registry
from streamq.operations import ClaimedJob


@dataclass
class Hand:
    """Claims in one queue under one name; each method ends claims in one way."""

    app: StreamQ
    queue: str = "default"
    name: str = "host-1-abcdef"
    held: dict[str, tuple[str, ClaimedJob]] = field(default_factory=dict)
    seq: int = 0
    claims: int = 0

    def enrol(
        self, tasks: Iterable[str] = (), alive_ms: int = 60_000, knows: Iterable[str] = ()
    ) -> None:
        key = registry(self.app.namespace)
        self.app.client.command("SADD", key, self.queue, key=key)
        published = {name: self.app.tasks[name].published() for name in tasks}
        said = {"app": self.app.name, "pid": 1, "threads": 4, "queues": [self.queue]}
        info = json.dumps({**said, "knows": list(knows)})
        self.app.client.run(
            operations.register(
                self.keys, worker=self.name, alive_ms=alive_ms, info=info, tasks=published
            )
        )

    @property
    def keys(self) -> QueueKeys:
        return self.app.keys(self.queue)

    def claim(self, limit: int = 1, lease_ms: int = 60_000) -> list[str]:
        self.claims += 1
        token = f"{self.name}-{self.claims:032x}"[-32:]
        call = operations.claim(
            self.keys,
            worker=self.name,
            token=token,
            lease_ms=lease_ms,
            limit=limit,
            result_ttl_ms=60_000,
        )
        claimed = self.app.client.run(call).jobs
        self.held |= {job.id: (token, job) for job in claimed}
        return [job.id for job in claimed]

    def succeed(
        self, job_id: str, result: object = None, *, kept: bool = True, beside: bytes = b""
    ) -> None:
        token, job = self.held.pop(job_id)
        value = beside + self.app.codec.encode_value(result) if kept else b""
        done = operations.Ack(
            job_id, token, job.record.task, "ok" if kept else "none", 1200, 60_000 * kept, value
        )
        words = self.app.client.run(
            operations.ack(self.keys, worker=self.name, seq=self._next(), jobs=[done])
        )
        assert words == ["OK"]

    def fail(self, job_id: str, error: Exception) -> None:
        token, job = self.held.pop(job_id)
        body = self.app.codec.encode_exception(error)
        burial = operations.Burial(job_id, token, job.record.task, "failed", 7, body)
        self.app.client.run(
            operations.bury(self.keys, worker=self.name, seq=self._next(), jobs=[burial])
        )

    def bury(self, *errors: Exception) -> list[str]:
        """Jobs that have failed with these, for good."""
        jobs = self.app.tasks["shop.add"].delay_many([(n,) for n in range(len(errors))])
        self.claim(len(errors))
        for job, error in zip(jobs, errors, strict=True):
            self.fail(job.id, error)
        return [job.id for job in jobs]

    def again(self, job_id: str, error: Exception, delay_ms: int = 60_000) -> None:
        token, job = self.held.pop(job_id)
        body = self.app.codec.encode_exception(error)
        task = job.record.task
        later = operations.Again(job_id, token, delay_ms, counted=True, error=body, task=task)
        self.app.client.run(
            operations.retry(self.keys, worker=self.name, seq=self._next(), jobs=[later])
        )

    def strand(self, job_id: str) -> None:
        token, job = self.held.pop(job_id)
        stray = operations.Stray(job_id, token, job.record.task)
        self.app.client.run(
            operations.strand(self.keys, worker=self.name, seq=self._next(), jobs=[stray])
        )

    def release(self, job_id: str, *, crashed: bool = False) -> None:
        token, _ = self.held.pop(job_id)
        back = operations.HandBack(job_id, token, crashed)
        self.app.client.run(
            operations.release(self.keys, worker=self.name, seq=self._next(), jobs=[back])
        )

    def _next(self) -> int:
        self.seq += 1
        return self.seq
