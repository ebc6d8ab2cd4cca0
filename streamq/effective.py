"""What holds for a task: call over annotations over its own options over routes over settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.config import default_options
from streamq.routing import without

if TYPE_CHECKING:
    from streamq.definition import Definition
    from streamq.options import CallOptions, TaskOptions
    from streamq.runtime import Runtime


def own_options(runtime: Runtime, task: Definition) -> CallOptions:
    """What was said of this task alone: annotations, and what it declares."""
    return runtime.routing.annotated(task).over(task.declared)


def options_of(runtime: Runtime, task: Definition) -> TaskOptions:
    """What holds for its jobs where a call says nothing; nothing is left open."""
    routed = runtime.routing.of(task.name)
    under = default_options(runtime.conf).overridden(routed)
    return under.overridden(own_options(runtime, task))


def said_by_call(
    runtime: Runtime, task: Definition, said: CallOptions, args: Any, kwargs: Any
) -> CallOptions:
    """What a call says, and routes that look at its arguments: that travels with it."""
    routed = runtime.routing.of_call(task, args, kwargs or {}, said)
    return said.over(without(routed, own_options(runtime, task).said))
