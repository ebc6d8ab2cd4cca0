"""Schedules as they are kept in Redis: a JSON text and back, and what tells two of them apart."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from streamq.operations import Declaration
from streamq.options import options_from_json
from streamq.schedules.schedule import MISSED_LIMIT, Schedule
from streamq.schedules.timing import Cron, Every

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.codec import Codec, TaskTypes
    from streamq.options import CallOptions


def full_name(app_name: str, name: str) -> str:
    """A schedule's name in Redis: applications that share a queue don't share schedules."""
    return f"{app_name}/{name}"


def declaration(
    app_name: str, schedule: Schedule, queue: str, codec: Codec, types: TaskTypes | None
) -> Declaration:
    """A schedule as it is sent; raises `EncodeError` for arguments that can't be."""
    facts = _facts(schedule, codec, types)
    definition = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    when = [facts.get(key) for key in ("cron", "tz", "every", "start", "end")]
    return Declaration(
        full_name(app_name, schedule.name),
        _digest(f"{queue}\0{definition}"),
        _digest(json.dumps(when)),
        definition,
    )


def read_schedule(
    full: str, definition: str, codec: Codec, types: Mapping[str, TaskTypes | None]
) -> Schedule:
    """The schedule that a text stands for; `ValueError` for what another release may have written.

    `types`: of the tasks that are known here.
    """
    name = full.partition("/")[2]
    try:
        facts = json.loads(definition)
        args, kwargs, _ = codec.decode_call(b64decode(facts["call"]), types.get(facts["task"]))
        timing = (
            Cron(facts["cron"], facts["tz"]) if "cron" in facts else Every(facts["every"] / 1000)
        )
        return Schedule(
            name,
            facts["task"],
            timing,
            tuple(args),
            kwargs,
            options_from_json(facts.get("options", {})),
            facts.get("start"),
            facts.get("end"),
            facts.get("jitter", 0),
            facts.get("on_missed", "once"),
            facts.get("missed_limit", MISSED_LIMIT),
            facts.get("overlap", "allow"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"schedule {name}: its definition can't be read: {error!r}") from None


def _facts(schedule: Schedule, codec: Codec, types: TaskTypes | None) -> dict[str, Any]:
    """What differs from the default; so a release that knows more changes no fingerprint."""
    call = codec.encode_call(schedule.args, dict(schedule.kwargs), {}, types)
    timing = schedule.timing
    facts: dict[str, Any] = {"task": schedule.task, "call": b64encode(call).decode()}
    if isinstance(timing, Cron):
        facts |= {"cron": timing.expression, "tz": timing.tz}
    else:
        facts["every"] = timing.ms
    facts |= {"start": schedule.start_ms, "end": schedule.end_ms, "jitter": schedule.jitter_ms}
    facts |= {"on_missed": schedule.on_missed, "missed_limit": schedule.missed_limit}
    facts |= {"overlap": schedule.overlap, "options": _plain(schedule.options)}
    usual = {"jitter": 0, "on_missed": "once", "missed_limit": MISSED_LIMIT, "overlap": "allow"}
    return {
        key: value
        for key, value in facts.items()
        if value is not None and value != {} and value != usual.get(key)
    }


def _plain(options: CallOptions) -> dict[str, Any]:
    """The options as JSON holds them: `options_from_json` reads them."""
    simple = {
        name: value
        for name, value in options.said.items()
        if isinstance(value, (str, int, float, bool))
    }
    return simple | options.wire()


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
