"""Pausing and resuming a queue, a task or a lane: at once, for all workers, until resumed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from streamq import operations
from streamq.errors import ConfigurationError
from streamq.job_reading import moment
from streamq.key_template import shown
from streamq.limits_in_force import queues_question, settings_question
from streamq.option_checks import queue_name
from streamq.queue_options import lane_key
from streamq.telling import tell, who

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from streamq.asking import Question
    from streamq.limits_in_force import Application
    from streamq.operations import Call

_PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Pause:
    """Something that is paused."""

    queue: str
    what: str  # queue, task or lane
    name: str  # of the task or lane; empty for the queue
    since: datetime | None
    by: str = ""  # who paused it: user@host; empty where nobody said


def pause_question(
    app: Application, queue: str | None, task: str | None, lane: str | None
) -> Question[bool]:
    """Start no more jobs of a queue, a task or a lane; whether that is new. Running ones finish."""
    pause = partial(operations.pause, by=who())
    changed = yield from _switch(app, pause, queue, task, lane)
    tell("pause", int(changed), queue=queue, task=task, lane=lane)
    return changed


def resume_question(
    app: Application, queue: str | None, task: str | None, lane: str | None
) -> Question[bool]:
    """Start them again; whether they were paused."""
    changed = yield from _switch(app, operations.resume, queue, task, lane)
    tell("resume", int(changed), queue=queue, task=task, lane=lane)
    return changed


def paused_question(app: Application, queue: str | None = None) -> Question[list[Pause]]:
    """What is paused, in a queue or in all."""
    found: list[Pause] = []
    for one in [queue_name(queue)] if queue is not None else (yield from queues_question(app)):
        settings = yield from settings_question(app, one)
        for name, value in sorted(settings.items()):
            if name == _PAUSE or name.startswith(f"{_PAUSE} "):
                _, what, which = (*name.split(" ", 2), "queue", "")[:3]
                since, _, by = value.partition(" ")
                found.append(Pause(one, what, shown(which), moment(float(since)), by))
    return found


def _switch(
    app: Application,
    operation: Callable[..., Call[bool]],
    queue: str | None,
    task: str | None,
    lane: str | None,
) -> Question[bool]:
    what, name = _meant(queue, task, lane)
    if task is not None and queue is None:
        queues = yield from _queues_of(app, task)
    else:
        queues = [queue_name(app.runtime.conf.default_queue if queue is None else queue)]
    answers = yield [operation(app.keys(one), what=what, name=name) for one in queues]
    return any(answers)


def _meant(queue: str | None, task: str | None, lane: str | None) -> tuple[str, str]:
    if task is not None and lane is not None:
        raise ConfigurationError("pause a task or a lane; one after the other for both")
    if task is not None:
        return "task", queue_name(task, "task")
    if lane is not None:
        return "lane", lane_key(lane)
    if queue is None:
        raise ConfigurationError("what? queue='mail', task='shop.send', or lane='tenant-7'")
    return "queue", ""


def _queues_of(app: Application, task: str) -> Question[list[str]]:
    """Where jobs of a task are, as far as anybody knows: its own queue, and where it is known."""
    if known := app.tasks.get(task):
        return [known.task_options.queue]
    queues = yield from queues_question(app)
    answers = yield [operations.options(app.keys(one), tasks=[task]) for one in queues]
    found = [one for one, texts in zip(queues, answers, strict=True) if texts[0]]
    if not found:
        raise ConfigurationError(
            f"no worker has published a task {task!r}; mind the spelling, or name its queue"
        )
    return found
