"""The jobs of ticks: what `.delay()` would make at that time, with the tick's id."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from streamq.ids import encode_time, id_tail
from streamq.operations import MARK
from streamq.task import Enqueueable

if TYPE_CHECKING:
    from streamq.asking import Question
    from streamq.enqueuing import Plan
    from streamq.operations import NewJob
    from streamq.runtime import Runtime
    from streamq.schedules.schedule import Schedule


def plan_question(runtime: Runtime, schedule: Schedule, queue: str | None = None) -> Question[Plan]:
    """How its jobs are enqueued, in `queue` where that is said; else where its task's jobs go."""
    said = schedule.options if queue is None else replace(schedule.options, queue=queue)
    definition = runtime.definitions.get(schedule.task)
    args, kwargs = schedule.args, dict(schedule.kwargs)
    if definition is None:
        return (yield from runtime.desk.by_name.plan(schedule.task, said, args, kwargs))
    return Enqueueable[..., Any](definition, runtime, said).plan(args, kwargs)


def tick_job(plan: Plan, schedule: Schedule, full_name: str, tick_ms: int) -> NewJob:
    """The job of a tick; the same tick has the same id, whoever makes it."""
    return _job(plan, schedule, full_name, tick_ms, full_name.encode())


def extra_job(plan: Plan, schedule: Schedule, full_name: str, now_ms: int) -> NewJob:
    """The job of an extra run."""
    return _job(plan, schedule, full_name, now_ms, os.urandom(16))


def _job(plan: Plan, schedule: Schedule, full_name: str, at_ms: int, seed: bytes) -> NewJob:
    job = plan.prepare_alone(schedule.args, dict(schedule.kwargs))
    told = blake2b(seed, digest_size=6).digest()
    tail = id_tail(plan.queue, not plan.options.ignore_result)
    job_id = encode_time(at_ms) + MARK + urlsafe_b64encode(told).decode() + tail
    said = f"t={at_ms},s={full_name}"
    return replace(job, id=job_id, opts=said if job.opts == "-" else f"{job.opts},{said}")
