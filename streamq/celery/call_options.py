"""The options of Celery's calls, put into streamq's; what means nothing here is said once."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from streamq.celery.canvas import several
from streamq.celery.priorities import ours
from streamq.celery.request import HEADER, current, origin
from streamq.errors import ConfigurationError
from streamq.option_checks import CHECKS, SharedKey, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.celery.app import Celery
    from streamq.celery.canvas import Signature

log = logging.getLogger("streamq.celery")

SLACK_S = 86400.0  # that a job may wait, for which its task_id is still known
# Options that streamq has under the same name.
SAME = {
    "queue": "the queue that it goes to, there as soon as it is named",
    "countdown": "seconds, or a timedelta; kept in Redis until then",
    "eta": "a datetime; one without a zone is in `timezone`",
    "expires": "seconds, a timedelta or a datetime; not started after it, and then `REVOKED`",
    "ignore_result": "keep no result of this call",
    "time_limit": "seconds; ends the run",
    "soft_time_limit": "seconds; raises `SoftTimeLimitExceeded` inside",
    "rate_limit": "as on the task",
    "serializer": '`"json"` or `"msgpack"`',
}
# Options of Celery's that mean here what they mean there.
ALIKE = {
    "priority": "0 is the highest and the usual one, 9 the lowest, as on Celery's Redis transport",
    "task_id": "also an idempotency key: the same call again makes no second job",
    "link": "called with the result, in the step that ends the task; any queue, exactly once",
    "link_error": "the same when it has failed: with (request, exception, traceback), or the id",
    "headers": "`self.request.headers`",
    "shadow": "`self.request.shadow`",
    "retry": "an enqueue without an answer is repeated in any case; it makes one job",
    "correlation_id": "is the task's id",
}
_QUEUES = "a task goes to the queue that queue= or task_routes names"
# Options that mean nothing here, and why.
MEANINGLESS = {
    "exchange": _QUEUES,
    "exchange_type": _QUEUES,
    "routing_key": _QUEUES,
    "delivery_mode": "durability= and the server decide; streamq check says how safe it is",
    "mandatory": "a queue is there once it is named",
    "immediate": "a queue is there once it is named",
    "compression": "arguments are sent as they are",
    "retry_policy": "an enqueue whose answer is lost is repeated until enqueue_timeout is over",
    "producer": "connections are streamq's own",
    "connection": "connections are streamq's own",
    "publisher": "connections are streamq's own",
    "router": "task_routes names the queue",
    "reply_to": "results are waited for without a queue of their own",
    "add_to_parent": "a result has no children",
    "stamped_headers": "headers= are all passed on",
    "logfile": "the worker's log is one",
    "loglevel": "the worker's log is one",
    "send_events": "streamq inspect shows what happens",
    "argsrepr": "arguments are shown as they are",
    "kwargsrepr": "arguments are shown as they are",
    "group_id": "there are no groups yet",
    "group_index": "there are no groups yet",
    "chord": "there are no chords yet",
    "root_id": "it is found by itself",
    "parent_id": "it is found by itself",
    "replaced_task_nesting": "tasks aren't replaced",
}
CALL_OPTIONS = frozenset({*SAME, *ALIKE, *MEANINGLESS})


def call_options(app: Celery, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of one call as streamq takes them; `TypeError` for one that nobody knows."""
    options, own = {}, _along(app, given)
    for name, value in given.items():
        if value is None:
            continue
        if name in MEANINGLESS:
            app.say_once(name, f"{task}: {name}= means nothing here; {MEANINGLESS[name]}")
        elif name == "priority":
            options["priority"], own["priority"] = ours(value), value
        elif name in {"eta", "expires"}:
            options[name] = when = in_zone(value, app)
            own[name] = when.isoformat() if isinstance(when, datetime) else when
        elif name in SAME or (name in CHECKS and name not in CALL_OPTIONS):
            options[name] = value
        elif name not in CALL_OPTIONS:
            raise TypeError(f"{task}: unknown option {name!r}{nearest(name, CALL_OPTIONS)}")
    if given.get("retry") is False:
        why = "an enqueue is only repeated where that makes no second task"
        app.say_once("retry", f"{task}: retry=False means nothing here; {why}")
    return _identified(app, given, options, own)


def _identified(
    app: Celery, given: Mapping[str, Any], options: dict[str, Any], own: dict[str, Any]
) -> dict[str, Any]:
    """The options with the id that the caller gave, and all that travels along."""
    if task_id := given.get("task_id"):
        own["id"] = task_id
        options["idempotency_key"] = SharedKey(task_id)
        options["idempotency_ttl"] = _delay(options) + app.conf.result_ttl + SLACK_S
    headers = dict(given.get("headers") or {})
    if own:
        headers[HEADER] = own
    return {**options, "headers": headers} if headers else options


def _along(app: Celery, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the worker is told of a call beside streamq's own options; often nothing."""
    own: dict[str, Any] = {}
    for name in ("link", "link_error"):
        if given.get(name):
            own[name] = [_follower(app, name, one) for one in several(given[name])]
    if given.get("shadow"):
        own["shadow"] = given["shadow"]
    if parent := current():
        own["parent_id"], own["root_id"] = parent.id, parent.root_id
    if own:
        own["origin"] = origin()
    return own


def _follower(app: Celery, name: str, call: Signature) -> dict[str, Any]:
    """One that is linked, to be sent; refused where it never could follow: later it is lost."""
    known = app.tasks.get(call.task)
    unique = call.options.get("unique", known.task_options.unique if known else None)
    if unique and getattr(unique, "on_conflict", "") == "raise":
        raise ConfigurationError(
            f"{name}={call}: its unique key says on_conflict='raise', and what follows is made in "
            "a step that can't raise;\nsay 'return', 'replace' or 'queue_one' there, or of this "
            f"call that it isn't unique: {name}={call}.set(unique=False)"
        )
    return call.plain()


def in_zone(value: Any, app: Celery) -> Any:
    """A time without a zone is in the application's `timezone`, as in Celery."""
    if not isinstance(value, datetime) or value.utcoffset() is not None:
        return value
    return value.replace(tzinfo=getattr(app.conf, "zone", None) or UTC)


def _delay(options: Mapping[str, Any]) -> float:
    """Seconds until the job may run."""
    wait = options.get("countdown") or 0.0
    if isinstance(wait, timedelta):
        return wait.total_seconds()
    if isinstance(eta := options.get("eta"), datetime):
        return max(0.0, (eta - datetime.now(UTC)).total_seconds())
    return float(wait)
