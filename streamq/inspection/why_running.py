"""Of a job that runs: since when, where, and whether that is longer than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import Command
from streamq.inspection.reason import Reason, span
from streamq.inspection.usual import usual_question
from streamq.inspection.workers import workers_of_queue

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.job import JobInfo


def why_running(app: StreamQ, info: JobInfo) -> Question[list[Reason]]:
    """Its run, its worker, and how that compares to its task's last runs."""
    key = app.keys(info.queue).key("workers")
    now = yield Command(("TIME",), key)
    began = info.started_at.timestamp() if info.started_at else int(now[0])
    seconds = max(0.0, int(now[0]) + int(now[1]) / 1e6 - began)
    said = [_since(info, seconds)]
    if info.reason:
        said.append(Reason("cancelling", info.reason))
    usual = yield from usual_question(app, info.queue, info.task)
    if usual is not None and usual.is_far_beyond(seconds):
        said.append(Reason("slow", f"far beyond its usual time: {usual.text}"))
    elif usual is not None:
        said.append(Reason("usual", f"its task takes {usual.text}"))
    for worker in (yield from workers_of_queue(app, info.queue)):
        if worker.name == info.worker and not worker.alive:
            text = "that worker is not heard of any more: taken back when its lease has run out"
            said.append(Reason("lost worker", text))
    return said


def _since(info: JobInfo, seconds: float) -> Reason:
    at = f"{info.started_at:%Y-%m-%d %H:%M:%S} UTC" if info.started_at else "an unknown time"
    again = f", attempt {info.attempt}" if info.attempt > 1 else ""
    text = f"runs since {at} (for {span(seconds)}) on {info.worker or 'a worker'}{again}"
    return Reason("running", text, seconds=seconds)
