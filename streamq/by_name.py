"""Sending a task by name, from a codebase without the function: its workers say how."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from streamq import operations
from streamq.asking import known_queues
from streamq.config import default_options
from streamq.enqueuing import Plan
from streamq.errors import UnknownTask
from streamq.limits_of import QUEUE, Shared
from streamq.option_checks import nearest, queue_name
from streamq.parking import parking_of
from streamq.publishing import UNKNOWN, task_from_json
from streamq.queue_options import queue_from_json
from streamq.routing import without

if TYPE_CHECKING:
    from streamq.asking import Question
    from streamq.options import CallOptions
    from streamq.publishing import Published
    from streamq.queue_options import QueueOptions
    from streamq.runtime import Runtime

T = TypeVar("T")

FRESH_S = 5.0  # for so long what a worker published is taken as it was
_QUEUES_ASKED = 1000  # a bound, not a promise
_NAMES_KEPT = 1000


class ByName:
    """Plans for tasks by name. What their workers published is asked for now and then."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._published: dict[str, tuple[float, Published]] = {}  # name -> when asked, what
        self._queues: dict[str, tuple[float, QueueOptions]] = {}  # the same of queues

    def plan(
        self, name: str, said: CallOptions, args: Any = (), kwargs: Any = None
    ) -> Question[Plan]:
        """How jobs of this task are enqueued: as its workers say, and the call over that.

        Routes here win over what its workers took from their settings, not over the task's own
        options. A task that nobody published goes to the default queue. Raises `UnknownTask` in
        eager mode: there the function must be here.
        """
        queue_name(name, "task name")
        runtime = self._runtime
        if runtime.conf.eager:
            known = nearest(name, runtime.definitions)
            raise UnknownTask(f"no task {name!r} here, and eager mode runs it here{known}")
        published = yield from self._task(name, said.queue)
        routed = runtime.routing.of_call(_Named(name), args, kwargs or {}, said)
        routed = without(routed, published.own)
        declared = default_options(runtime.conf).overridden(published.options).overridden(routed)
        options = declared.overridden(said)
        queues = {options.queue: (yield from self._queue(options.queue))}
        shared = Shared(runtime.named_limits, queues)
        parking = parking_of(name, declared, said, shared, published.readers)
        return Plan(runtime, name, options, said, parking=parking)

    def _task(self, name: str, queue: str | None) -> Question[Published]:
        asked, found = self._published.get(name, (0.0, None))
        if found is None or time.monotonic() - asked > FRESH_S:
            found = yield from self._ask(name, queue or self._runtime.conf.default_queue)
            _keep(self._published, name, found)
        return found

    def _queue(self, queue: str) -> Question[QueueOptions]:
        """As it is declared here, or else by its workers."""
        if here := self._runtime.queue_options.get(queue):
            return here
        asked, found = self._queues.get(queue, (0.0, None))
        if found is None or time.monotonic() - asked > FRESH_S:
            answers = yield [operations.options(self._runtime.keys(queue), tasks=[QUEUE])]
            found = queue_from_json(_json(answers[0][0]))
            _keep(self._queues, queue, found)
        return found

    def _ask(self, name: str, likely: str) -> Question[Published]:
        """What workers published, first in the likely queue, then in all the others.

        A task is known in each queue that its workers serve; the queue that it names counts.
        """
        runtime = self._runtime
        answers = yield [operations.options(runtime.keys(likely), tasks=[name, QUEUE])]
        _keep(self._queues, likely, queue_from_json(_json(answers[0][1])))
        if not answers[0][0]:
            others = (yield from known_queues(runtime))[:_QUEUES_ASKED]
            if others:
                calls = [operations.options(runtime.keys(one), tasks=[name]) for one in others]
                answers = yield calls
        texts = [one[0] for one in answers if one[0]]
        return task_from_json(_json(texts[0])) if texts else UNKNOWN


@dataclass(frozen=True, slots=True)
class _Named:
    """What routes are shown of a task whose function is elsewhere."""

    name: str


def _keep(known: dict[str, tuple[float, T]], name: str, found: T) -> None:
    if len(known) >= _NAMES_KEPT:
        known.clear()
    known[name] = (time.monotonic(), found)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
