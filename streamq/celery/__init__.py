"""What means what it means in Celery: `from streamq.celery import Celery, shared_task`.

On top of streamq's public API; nothing below knows of it.
"""

from streamq.celery.app import Celery
from streamq.celery.canvas import (
    Signature,
    chain,
    chord,
    chunks,
    group,
    signature,
    subtask,
    xmap,
    xstarmap,
)
from streamq.celery.current import current_app, current_task
from streamq.celery.result import AsyncResult, EagerResult
from streamq.celery.shared import shared_task
from streamq.celery.task import Task

__all__ = [
    "AsyncResult",
    "Celery",
    "EagerResult",
    "Signature",
    "Task",
    "chain",
    "chord",
    "chunks",
    "current_app",
    "current_task",
    "group",
    "shared_task",
    "signature",
    "subtask",
    "xmap",
    "xstarmap",
]
