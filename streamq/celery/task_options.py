"""What `@app.task(…)` says in Celery: attributes of the task, some of them streamq's options."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from streamq.celery.call_options import MEANINGLESS
from streamq.celery.priorities import ours
from streamq.option_checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.celery.app import Celery

# Passed on under the same name, where the task says something.
SAME = ("queue", "expires", "rate_limit", "time_limit", "soft_time_limit", "serializer")
_ALWAYS = "a task is acknowledged when it has ended, with its result, in one step"
MEANS_NOTHING = {
    **{name: MEANINGLESS[name] for name in ("exchange", "routing_key", "send_events")},
    **{name: MEANINGLESS[name] for name in ("compression", "delivery_mode")},
    "acks_late": _ALWAYS,
    "acks_on_failure_or_timeout": _ALWAYS,
    "reject_on_worker_lost": "a task whose worker was lost runs again, max_crashes= times at most",
    "track_started": "STARTED is always known",
    "trail": "a result has no children",
    "store_errors_even_if_ignored": "a failed task is kept with its traceback in any case",
    "store_eager_result": "the setting `task_store_eager_result` is for all tasks",
    "resultrepr_maxsize": "results are shown as they are",
    "typing": "arguments are always checked against the function",
    "pydantic": "arguments are always decoded as their annotations say",
    "throws": "a failure is one line of the log in any case",
}
_QUIET = dict.fromkeys(("acks_late", "track_started", "typing", "pydantic"), True)  # as it is here
# Options of Celery's tasks that mean here what they mean there.
ALIKE = {
    "name": "the task's name",
    "bind": "the task comes first: `self.request`, `self.retry`, …",
    "base": "the task's class, with handlers and state of its own, one instance per process",
    "max_retries": "of `self.retry`; 3",
    "default_retry_delay": "seconds; 180",
    "autoretry_for": "exceptions after which it runs again",
    "dont_autoretry_for": "but not these",
    "retry_kwargs": "what `self.retry` is called with then",
    "retry_backoff": "doubled each time, from this many seconds",
    "retry_backoff_max": "seconds; 600",
    "retry_jitter": "any time up to that",
    "ignore_result": "keep no results",
    "priority": "0 is the highest and the usual one, 9 the lowest",
}
OF_TASK = frozenset({*ALIKE, "lazy", "shared", "serializer"})
_KNOWN = OF_TASK | set(SAME) | MEANS_NOTHING.keys() | CHECKS.keys()
_NEAR = 0.8  # of 1; from there on a name is taken for a misspelt one


def check_names(names: Mapping[str, Any], where: str) -> None:
    """`TypeError` for a misspelt option; any other name becomes an attribute, as in Celery."""
    for name in names:
        near = get_close_matches(name, _KNOWN, 1, _NEAR) if name not in _KNOWN else []
        if near:
            raise TypeError(f"{where}: unknown option {name!r}; did you mean {near[0]!r}?")


def as_rate(given: Any) -> Any:
    """A rate as streamq writes it: in Celery a bare number is per second, and 0 is none."""
    if isinstance(given, str) and given.strip().isdigit():
        given = int(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return f"{given}/s" if given else []
    return given


def streamq_options(app: Celery, task: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """What streamq is told of a task; `task` has its attributes, `given` is the decorator's."""
    options: dict[str, Any] = {
        name: value for name, value in given.items() if name in CHECKS and name not in OF_TASK
    }
    for name in SAME:
        value = getattr(task, name, None)
        if value is not None:
            options[name] = as_rate(value) if name == "rate_limit" else value
    if task.ignore_result:
        options["ignore_result"] = True
    if task.priority is not None:
        options["priority"] = ours(task.priority)
    for name, why in MEANS_NOTHING.items():
        if given.get(name) is not None and given[name] != _QUIET.get(name):
            said = f"{name}={given[name]!r}"
            app.say_once(name, f"{task.name}: {said} means nothing here; {why}")
    return options
