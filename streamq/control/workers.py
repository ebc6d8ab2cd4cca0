"""Telling workers what to do, through the server: they look every two seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import known_queues
from streamq.control.words import Told
from streamq.operations import instruct
from streamq.telling import tell

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question


def quiet_question(app: StreamQ, worker: str) -> Question[Told]:
    """Have a worker claim nothing more; what it runs goes on. Until it is told to resume."""
    return (yield from _tell(app, worker, "quiet"))


def resume_worker_question(app: StreamQ, worker: str) -> Question[Told]:
    """Have a quiet worker claim again."""
    return (yield from _tell(app, worker, "resume"))


def stop_question(app: StreamQ, worker: str) -> Question[Told]:
    """Have a worker process end as after SIGTERM, and none take its place under its supervisor.

    Its jobs have the grace of its settings to end; what has not is handed back.
    """
    return (yield from _tell(app, worker, "stop"))


def _tell(app: StreamQ, worker: str, order: str) -> Question[Told]:
    """In each queue that it serves: it looks into one of them."""
    queues = yield from known_queues(app)
    words: list[str] = []
    if queues:
        words = yield [instruct(app.keys(one), worker=worker, order=order) for one in queues]
    told = next((one for one in Told if one.value in words), Told.UNKNOWN)
    tell(f"{order} worker", int(told is Told.DONE), worker=worker)
    return told
