"""Celery's routes and annotations, with the options' names as they are here.

An annotation may change any attribute of a task: those that are options go to streamq's
`task_annotations`, the others are set on the task (`attributes`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from streamq.celery.priorities import ours
from streamq.option_checks import CHECKS
from streamq.routing import Dotted

if TYPE_CHECKING:
    from collections.abc import Iterable


class Report(Protocol):
    """Says what has no effect, and what does its work or is to be done."""

    def __call__(self, problem: str, fix: str, *, missed: bool = False) -> None:
        """`missed`: something is not done that was asked for."""


_EXCHANGES = "there are no exchanges: a job goes to the queue that it names"
_ALWAYS = "every job is acknowledged when it has ended, and a killed run is run again"
_DROPPED = {
    **dict.fromkeys(("exchange", "exchange_type", "routing_key"), _EXCHANGES),
    **dict.fromkeys(("delivery_mode", "immediate", "mandatory"), _EXCHANGES),
    **dict.fromkeys(("acks_late", "acks_on_failure_or_timeout", "acks_on_failure"), _ALWAYS),
    **dict.fromkeys(("acks_on_timeout", "reject_on_worker_lost", "track_started"), _ALWAYS),
    "compression": "payloads are small and go as they are",
    "send_events": "there is no stream of events",
    "store_errors_even_if_ignored": "a dead job always keeps its error",
}
_OF_TASK = frozenset(
    {"max_retries", "default_retry_delay", "autoretry_for", "dont_autoretry_for", "retry_kwargs"}
    | {"retry_backoff", "retry_backoff_max", "retry_jitter", "throws"}
)
_OLD_METHOD = "route_for_task"
_RETRIES = "they are the task's: @app.task(…) or task_annotations"


def options(given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Options of a route or a task under the names that they have here."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if why := _DROPPED.get(name):
            report(f"{name} has no effect", why)
        elif name in _OF_TASK:
            report(f"{name} has no effect in a route", _RETRIES, missed=True)
        elif name == "priority":
            found[name] = ours(value)
        elif name == "rate_limit" and isinstance(value, int):
            found[name] = f"{value}/s" if value else None
        elif name == "queue":
            found[name] = getattr(value, "name", value)
        else:
            found[name] = value
    return found


def routes(given: Any, report: Report) -> Any:
    """What `task_routes` may be."""
    if isinstance(given, (list, tuple)):
        if _are_pairs(given):
            return [_map(given, report)]
        return [_router(one, report) for one in given]
    return [_router(given, report)]


def annotating(given: Any, report: Report) -> Any:
    """What `task_annotations` may be, with only what is an option here."""
    several = given if isinstance(given, (list, tuple)) else (given,)
    return [_annotations(one, report) for one in several]


def attributes(given: Any, task: Any) -> dict[str, Any]:
    """What `task_annotations`, as they were given, set on a task beside options.

    Also methods (`on_failure`), which get the task first, as in Celery.
    """
    if given is None:
        return {}
    for one in given if isinstance(given, (list, tuple)) else (given,):
        if found := _said_of(one, task):
            return {
                name: value
                for name, value in found.items()
                if not _is_option(name) and name not in _DROPPED and not name.startswith("@")
            }
    return {}


def _said_of(one: Any, task: Any) -> dict[str, Any]:
    """What one annotation says of a task; its own over those of all."""
    if isinstance(one, Mapping):
        return {**one.get("*", {}), **one.get(task.name, {})}
    of_all = getattr(one, "annotate_any", lambda: None)()
    return {**(of_all or {}), **(one.annotate(task) or {})}


def _is_option(name: str) -> bool:
    return name in CHECKS


def _are_pairs(given: Iterable[Any]) -> bool:
    return all(
        isinstance(one, (list, tuple)) and len(one) == 2 and isinstance(one[0], (str, re.Pattern))  # noqa: PLR2004
        for one in given
    )


def _router(given: Any, report: Report) -> Any:
    if isinstance(given, Mapping):
        return _map(given.items(), report)
    if isinstance(given, (list, tuple)) and _are_pairs(given):
        return _map(given, report)
    known = isinstance(given, str) or callable(given) or hasattr(given, _OLD_METHOD)
    return partial(_answer, given, report) if known else given


def _map(pairs: Iterable[Any], report: Report) -> dict[Any, Any]:
    return {key: _route(value, report) for key, value in pairs}


def _route(value: Any, report: Report) -> Any:
    if isinstance(value, Mapping):
        return options(value, report)
    return getattr(value, "name", value)


def _answer(
    router: Any, report: Report, *args: Any, task: Any = None
) -> dict[str, Any] | str | None:
    """What a router says; one of before Celery 4 has a method for it, and may be a class."""
    found: Any = Dotted(router).load() if isinstance(router, str) else router
    if isinstance(found, type) and hasattr(found, _OLD_METHOD):
        found = found()
    if hasattr(found, _OLD_METHOD):
        answer = found.route_for_task(*args[:3])
    else:
        answer = found(*args, task=task)
    return None if answer is None else _route(answer, report)


class _Annotations:
    """An object that annotates in Celery's words."""

    def __init__(self, given: Any, report: Report) -> None:
        self._given, self._report = given, report

    def annotate(self, task: Any) -> dict[str, Any] | None:
        """What the object says, in our words."""
        return _as_options(_said_of(self._given, task), self._report) or None


def _annotations(given: Any, report: Report) -> Any:
    if isinstance(given, Mapping):
        return {name: _as_options(value, report) for name, value in given.items()}
    return _Annotations(given, report) if hasattr(given, "annotate") else given


def _as_options(given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    for name in given:
        if name.startswith("@"):
            report(f"{name} has no effect", "put the decorator on the function", missed=True)
    return options(
        {name: it for name, it in given.items() if _is_option(name) or name in _DROPPED}, report
    )
