"""Sending a task by name, from a codebase without the function: its workers say how."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.asking import known_queues
from streamq.config import default_options
from streamq.enqueuing import Plan
from streamq.errors import UnknownTask
from streamq.option_checks import nearest, queue_name
from streamq.options import options_from_json
from streamq.routing import without

if TYPE_CHECKING:
    from streamq.asking import Question
    from streamq.options import CallOptions
    from streamq.runtime import Runtime

FRESH_S = 5.0  # for so long what a worker published is taken as it was
_QUEUES_ASKED = 1000  # a bound, not a promise
_NAMES_KEPT = 1000


class ByName:
    """Plans for tasks by name. What their workers published is asked for now and then."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._published: dict[str, tuple[float, Published]] = {}  # name -> when asked, what

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
        published = yield from self._options(name, said.queue)
        routed = runtime.routing.of_call(_Named(name), args, kwargs or {}, said)
        routed = without(routed, published.own)
        options = default_options(runtime.conf).overridden(published.options)
        options = options.overridden(routed).overridden(said)
        return Plan(runtime, name, options, said)

    def _options(self, name: str, queue: str | None) -> Question[Published]:
        asked, found = self._published.get(name, (0.0, None))
        if found is None or time.monotonic() - asked > FRESH_S:
            found = yield from self._ask(name, queue or self._runtime.conf.default_queue)
            if len(self._published) >= _NAMES_KEPT:
                self._published.clear()
            self._published[name] = (time.monotonic(), found)
        return found

    def _ask(self, name: str, likely: str) -> Question[Published]:
        """What workers published, first in the likely queue, then in all the others.

        A task is known in each queue that its workers serve; the queue that it names counts.
        """
        runtime = self._runtime
        answers = yield [operations.options(runtime.keys(likely), tasks=[name])]
        if not answers[0][0]:
            others = (yield from known_queues(runtime))[:_QUEUES_ASKED]
            if others:
                calls = [operations.options(runtime.keys(one), tasks=[name]) for one in others]
                answers = yield calls
        texts = [one[0] for one in answers if one[0]]
        found = _json(texts[0]) if texts else {}
        own = found.get("own", found)  # an older release published only what the task holds
        return Published(options_from_json(found), frozenset(map(str, own)))


@dataclass(frozen=True, slots=True)
class Published:
    """What workers said of a task."""

    options: CallOptions
    own: frozenset[str]  # names of those that the task itself declares


@dataclass(frozen=True, slots=True)
class _Named:
    """What routes are shown of a task whose function is elsewhere."""

    name: str


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
