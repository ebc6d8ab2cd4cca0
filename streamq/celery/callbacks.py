"""`link` and `link_error`: tasks that are enqueued in the step that ends the one they follow."""

from __future__ import annotations

import inspect
import logging
import traceback
from typing import TYPE_CHECKING, Any

from streamq.celery.canvas import signature
from streamq.celery.request import HEADER, Context

if TYPE_CHECKING:
    from streamq import RunningJob
    from streamq.celery.canvas import Signature
    from streamq.celery.task import Task

log = logging.getLogger("streamq.celery")
_TRACE = 16_000  # characters of a traceback that an error callback is given


def links(task: Task, request: Context, value: Any) -> None:
    """What was linked is enqueued with the result, if and when this job has succeeded."""
    for one in request.callbacks or ():
        call = signature(one, app=task.app)
        _follow(task, request, call, call.clone((value,)).args)


def errbacks(task: Task, request: Context, error: Exception) -> None:
    """What was linked for errors is enqueued if and when this job is dead.

    A task with more than one parameter gets (request, exception, traceback), as in Celery 5, any
    other one, and one whose function is elsewhere, the id of the failed task.
    """
    for one in request.errbacks or ():
        call = signature(one, app=task.app)
        if _takes_three(task, call):
            trace = "".join(traceback.format_exception(error))[-_TRACE:]
            given: tuple[Any, ...] = (request.id, repr(error), trace)
            packed = task.app.codec.encode_exception(error)
            about = {"request": _sendable(task, request.as_dict()), "error": packed}
        else:
            given, about = (request.id,), None
        _follow(task, request, call, call.clone(given).args, dead=True, about=about)


def _takes_three(task: Task, call: Signature) -> bool:
    known = task.app.tasks.get(call.task)
    if known is None or call.immutable:
        return False
    parameters = inspect.signature(known.function).parameters.values()
    plain = [one for one in parameters if one.kind <= one.POSITIONAL_OR_KEYWORD]
    return len(plain) > 1 or any(one.kind is one.VAR_POSITIONAL for one in parameters)


def received(task: Task, job: RunningJob, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of an error callback, request and exception as they were."""
    about = (job.headers.get(HEADER) or {}).get("errback")
    if not about or len(args) < len(("request", "error")):
        return args
    request = Context(**about["request"], called_directly=False)
    return (request, task.app.codec.decode_exception(about["error"]), *args[2:])


def _follow(
    task: Task,
    request: Context,
    call: Signature,
    args: tuple[Any, ...],
    *,
    dead: bool = False,
    about: dict[str, Any] | None = None,
) -> None:
    if request.job is None:
        return
    try:
        given = dict(call.options)
        options = task.app.call_options(call.task, given)
        for key in ("idempotency_key", "idempotency_ttl"):  # it is made once in any case
            options.pop(key, None)
        if about:
            headers = options.get("headers", {})
            own = {**headers.get(HEADER, {}), "errback": about}
            options["headers"] = {**headers, HEADER: own}
        made = task.app.call(call.task, args, call.kwargs, **options)
        request.job.enqueue(made, when="dead" if dead else "succeeded")
    except Exception:
        # The work is done, or has failed for its own reason: that stands.
        log.exception("task %s[%s]: %s can't follow it", task.name, request.id, call)


def _sendable(task: Task, facts: dict[str, Any]) -> dict[str, Any]:
    """What can be sent as it is; of the rest its repr."""
    kept = {}
    for name, value in facts.items():
        try:
            task.app.codec.encode_value(value)
        except TypeError:
            kept[name] = repr(value)
        else:
            kept[name] = value
    return kept
