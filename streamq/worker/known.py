"""The tasks that a worker knows, with their options looked up once."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from streamq.worker.room import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.codec import TaskTypes
    from streamq.options import TaskOptions
    from streamq.task import Task

log = logging.getLogger("streamq.worker")


@dataclass(frozen=True, slots=True)
class KnownTask:
    """What running a job needs of its task."""

    name: str
    function: Callable[..., Any]
    fits: Callable[..., str | None]  # why it can't be called with (args, kwargs)
    is_async: bool
    kind: Kind  # where its jobs run
    bind: bool  # the running job comes first
    types: TaskTypes
    options: TaskOptions


def known_tasks(app: StreamQ) -> dict[str, KnownTask]:
    """All tasks of an application by name, under its settings as they are now."""
    return {name: _known(task) for name, task in app.tasks.items()}


def without_processes(tasks: dict[str, KnownTask]) -> dict[str, KnownTask]:
    """The same tasks, run in this process: no other one could import them. Says so."""
    named = sorted(name for name, task in tasks.items() if task.kind is Kind.PROCESS)
    if named:
        log.warning(
            'tasks with pool="process" run in this process (%s): the application is in no '
            "module's variable, so no other one could import it",
            ", ".join(named),
        )
    return {name: replace(task, kind=_own_kind(task.is_async)) for name, task in tasks.items()}


def _own_kind(is_async: bool) -> Kind:  # noqa: FBT001 - there is nothing else to say
    return Kind.LOOP if is_async else Kind.THREAD


def _known(task: Task[..., Any]) -> KnownTask:
    return KnownTask(
        task.name,
        task.function,
        task.fits,
        task.is_async,
        Kind.PROCESS if task.task_options.pool else _own_kind(task.is_async),
        task.bind,
        task.annotations,
        task.task_options,
    )
