"""What workers publish of tasks and queues, and what is understood of it elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.effective import options_of, own_options
from streamq.key_template import KeyTemplate, value_text
from streamq.limits_of import KINDS, QUEUE, Shared, limits_of
from streamq.options import CallOptions, options_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamq.definition import Definition
    from streamq.options import TaskOptions
    from streamq.parameters import Parameter
    from streamq.parking import Reader
    from streamq.queue_options import QueueOptions
    from streamq.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Published:
    """A task as its workers describe it."""

    options: CallOptions
    own: frozenset[str]  # names of those that the task itself declares
    arguments: Mapping[str, Any]  # those that its keys name: where they stand, and their defaults

    def readers(self, names: Sequence[str]) -> Mapping[str, Reader]:
        """How to find these arguments in a call that nobody here can check."""
        return {name: _reader(name, self.arguments.get(name)) for name in names}


UNKNOWN = Published(CallOptions(), frozenset(), {})


def texts_of(runtime: Runtime, queue: str) -> dict[str, str]:
    """What the workers of a queue publish there: of each task, and of the queue, as JSON."""
    texts = {name: task_text(runtime, task) for name, task in runtime.definitions.items()}
    if whole := runtime.queue_options.get(queue):
        texts[QUEUE] = queue_text(runtime, queue, whole)
    return texts


def task_text(runtime: Runtime, task: Definition) -> str:
    """A task's options as JSON. Raises `ConfigurationError` for limits that nobody declared."""
    shared = Shared(runtime.named_limits, runtime.queue_options)
    facts = task_json(task, options_of(runtime, task), shared)
    facts["own"] = list(own_options(runtime, task).said)
    return json.dumps(facts, separators=(",", ":"))


def task_json(definition: Definition, options: TaskOptions, shared: Shared) -> dict[str, Any]:
    """The same, not written yet, but for what the task declares itself."""
    facts = options.as_json()
    for kind in KINDS:
        facts[kind] = [_resolved(one, options.queue, shared) for one in facts[kind]]
    names = _names(definition, options, shared)
    arguments: dict[str, Any] = {}
    for place, parameter in enumerate(definition.binder.parameters):
        if parameter.name in names:  # what comes by position stands in front
            where = {"at": place} if parameter.kind.is_positional else {}
            arguments[parameter.name] = {**where, **_default(parameter)}
    return {**facts, "arguments": arguments} if arguments else facts


def queue_text(runtime: Runtime, queue: str, options: QueueOptions) -> str:
    """A queue's options as JSON; raises as `task_text`."""
    shared = Shared(runtime.named_limits, runtime.queue_options)
    facts = options.as_json()
    for kind in KINDS:
        facts[kind] = [_resolved(one, queue, shared) for one in facts[kind]]
    return json.dumps(facts, separators=(",", ":"))


def task_from_json(published: Mapping[str, Any]) -> Published:
    """What is understood of it."""
    arguments = published.get("arguments")
    own = published.get("own", published)  # an older release published only what the task holds
    return Published(
        options_from_json(published),
        frozenset(map(str, own)),
        arguments if isinstance(arguments, dict) else {},
    )


def _resolved(one: Any, queue: str, shared: Shared) -> Any:
    """A limit that is only named, with what it is: who reads it has no other declaration."""
    return one if isinstance(one, dict) else shared.named(one, queue, f"queue {queue!r}").as_json()


def _names(definition: Definition, options: TaskOptions, shared: Shared) -> set[str]:
    """The arguments that keys name: the task's, and its queue's."""
    limits = limits_of(definition.name, options, CallOptions(), shared)
    keys = [KeyTemplate(limit.key, "key") for _, limit in limits if limit.key is not None]
    keys += [options.lane] if options.lane else []
    return {name for key in keys for name in key.names}


def _default(parameter: Parameter) -> dict[str, str]:
    """Its default as a key's text; none where it has none, or one that makes no key."""
    if not parameter.has_default:
        return {}
    try:
        return {"default": value_text(parameter.default, "default", parameter.name)}
    except (TypeError, ValueError):
        return {}


def _reader(name: str, known: Any) -> Reader:
    where = known if isinstance(known, dict) else {}
    at = where.get("at")
    place = at if isinstance(at, int) else None

    def read(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if place is not None and place < len(args):
            return args[place]
        if name in kwargs:
            return kwargs[name]
        if "default" in where:
            return where["default"]
        raise TypeError(f"argument {name!r} is missing, and a key of its limits or lane names it")

    return read
