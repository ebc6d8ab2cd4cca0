"""The tasks that a worker knows, with their options looked up once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.codec import TaskTypes
    from streamq.options import TaskOptions
    from streamq.task import Task


@dataclass(frozen=True, slots=True)
class KnownTask:
    """What running a job needs of its task."""

    name: str
    function: Callable[..., Any]
    fits: Callable[..., str | None]  # why it can't be called with (args, kwargs)
    is_async: bool
    bind: bool  # the running job comes first
    types: TaskTypes
    options: TaskOptions


def known_tasks(app: StreamQ) -> dict[str, KnownTask]:
    """All tasks of an application by name, under its settings as they are now."""
    return {name: _known(task) for name, task in app.tasks.items()}


def _known(task: Task[..., Any]) -> KnownTask:
    return KnownTask(
        task.name,
        task.function,
        task.fits,
        task.is_async,
        task.bind,
        task.annotations,
        task.task_options,
    )
