"""What scripts say of a job, put into words: `Look` to `JobInfo`, progress to bytes and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.errors import DecodeError, RemoteTraceback, StreamQError
from streamq.ids import parse_id
from streamq.job import Attempt, JobInfo, JobState, Progress
from streamq.key_template import shown
from streamq.redaction import redacted

if TYPE_CHECKING:
    from streamq.codec import Codec, TaskTypes
    from streamq.operations import Look, Outcome, Record, StateText

_PLACES = {
    "R": JobState.RUNNING,
    "B": JobState.WAITING,  # handed back or taken back
    "W": JobState.WAITING,  # was scheduled or dead before
    "S": JobState.SCHEDULED,
    "N": JobState.PARKED,
    "H": JobState.PARKED,  # next at its unique key
    "P": JobState.PARKED,  # in the line; what for is asked there
    "D": JobState.DEAD,
}
_KINDS = {
    "ok": JobState.SUCCEEDED,
    "none": JobState.SUCCEEDED,
    "unsendable": JobState.SUCCEEDED,
    "cancelled": JobState.CANCELLED,
    "expired": JobState.EXPIRED,
}
NO_WORKER = "no worker knows its task"
ASKED = "it is to be cancelled"
HEIR = "unique: the job that has its key runs"
_PROGRESS_PARTS = 3


def attempts_of(look: Look, codec: Codec) -> tuple[Attempt, ...]:
    """The runs of a job that are over: those that ended badly, and the one that ended it."""
    found = []
    for run in look.runs:
        error = codec.decode_exception(run.failure) if run.failure else None
        seconds = max(0, run.ended_ms - run.since_ms) / 1000
        since = moment(run.since_ms)
        trace = traceback_of(error)
        found.append(Attempt(run.number, run.how, run.worker, since, seconds, error, trace))
    end = look.outcome
    if end and end.worker:
        how = str(_KINDS.get(end.kind, end.kind))
        since = moment(end.ended_ms - end.run_ms)
        found.append(Attempt(end.attempts, how, end.worker, since, end.run_ms / 1000))
    return tuple(found)


def job_info(look: Look, queue: str, codec: Codec, types: TaskTypes | None = None) -> JobInfo:
    """All of a job but its `attempts`, which take longer.

    `types`: of its task, where it is known here; what can't be read is said so.

    Never raises for what the job itself holds.
    """
    facts: dict[str, Any] = {"id": look.id, "queue": queue}
    facts["state"], facts["reason"] = state_of(look)
    problems: list[str] = []
    if look.record:
        _add_record(facts, look.record, codec, types, problems)
    if look.state:
        _add_state(facts, look.state)
    if facts["state"] is JobState.SCHEDULED:
        facts["due_at"] = moment(look.at_ms)
    if look.worker:
        facts["worker"] = look.worker
    failure = look.error
    if look.outcome and look.outcome.kind == "failed":  # of eager mode: it has no other place
        failure = failure or look.outcome.value
    if failure:
        facts["error"] = error = codec.decode_exception(failure)
        facts["traceback"] = traceback_of(error)
    if look.outcome:
        _add_outcome(facts, look.outcome, codec, types, problems)
    if facts["state"] is not JobState.UNKNOWN:
        facts.setdefault("enqueued_at", moment(parse_id(look.id).time_ms))
    facts["progress"] = unpack_progress(look.progress)
    return JobInfo(**facts, problem="; ".join(problems))


def state_of(look: Look) -> tuple[JobState, str]:
    """The state of a job, and the reason for it."""
    if look.outcome:
        kind = look.outcome.kind
        return _KINDS.get(kind, JobState.DEAD), "" if kind in {"ok", "none"} else kind
    if look.record is None and look.state is None:
        return JobState.UNKNOWN, ""
    return waiting_state(look.state, look.record.where if look.record else "")


def waiting_state(state: StateText | None, where: str) -> tuple[JobState, str]:
    """The state of a job that has not ended well; `where` enqueue put it."""
    if state is None:
        untouched = {"@": (JobState.SCHEDULED, "delayed"), "&": (JobState.PARKED, "")}
        return untouched.get(where[:1], (JobState.WAITING, ""))
    reason = {"R": ASKED if state.is_asked else "", "N": NO_WORKER, "P": "", "H": HEIR}.get(
        state.place, state.token
    )
    return _PLACES.get(state.place, JobState.UNKNOWN), reason


def traceback_of(error: BaseException | None) -> str:
    """The worker's traceback that came along with an exception; empty where there is none."""
    cause = error.__cause__ if error else None
    return cause.text if isinstance(cause, RemoteTraceback) else getattr(error, "traceback", "")


def error_name(error: BaseException) -> str:
    """The name of an exception's class, as its author wrote it."""
    return str(getattr(error, "type_name", type(error).__name__)).removeprefix("builtins.")


def moment(time_ms: float | None) -> datetime | None:
    """Unix ms as an aware datetime; None for none, or for a time that no calendar has."""
    try:
        return None if time_ms is None else datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def pack_progress(progress: Progress) -> bytes:
    """Progress as it is kept with the job."""
    return bytes(msgpack.packb([progress.done, progress.total, progress.message]))


def unpack_progress(packed: bytes) -> Progress | None:
    """What `pack_progress` wrote; None for anything else."""
    try:
        parts = msgpack.unpackb(packed) if packed else None
    except (ValueError, msgpack.UnpackException):
        return None
    return Progress(*parts) if isinstance(parts, list) and len(parts) == _PROGRESS_PARTS else None


def _add_record(
    facts: dict[str, Any],
    record: Record,
    codec: Codec,
    types: TaskTypes | None,
    problems: list[str],
) -> None:
    facts["task"] = record.task
    entry_ms = record.where.partition("-")[0]
    if entry_ms.isdecimal():  # the server's clock; else the id's time is all we have
        facts["enqueued_at"] = moment(int(entry_ms))
    opts = dict(one.partition("=")[::2] for one in record.opts.split(","))
    facts["lane"] = shown(record.option("q").partition("|")[0])
    if record.schedule:
        facts["schedule"] = record.schedule
        facts["scheduled_for"] = moment(record.scheduled_ms)
    if opts.get("x", "").isdecimal():
        facts["expires_at"] = moment(int(opts["x"]))
    _add_call(facts, record.body, codec, types, problems)


def _add_call(
    facts: dict[str, Any],
    body: bytes,
    codec: Codec,
    types: TaskTypes | None,
    problems: list[str],
) -> None:
    try:
        args, kwargs, options = codec.decode_call(body, types)
    except StreamQError as error:
        problems.append(f"arguments: {error}")
        return
    marks = options.get("redact")
    if isinstance(marks, list) and marks:
        facts["args"], facts["kwargs"] = redacted(args, kwargs, map(str, marks))
    else:
        facts["args"], facts["kwargs"] = tuple(args), kwargs
    facts["parent"] = str(options.get("parent", ""))
    tags = options.get("tags", ())
    facts["tags"] = tuple(map(str, tags)) if isinstance(tags, (list, tuple)) else ()


def _add_state(facts: dict[str, Any], state: StateText) -> None:
    facts["attempt"], facts["crashes"] = state.attempt, state.crashes
    if state.place == "R":
        facts["started_at"] = moment(state.since_ms)
    elif state.place == "D":
        facts["ended_at"] = moment(float(state.entry))


def _add_outcome(
    facts: dict[str, Any],
    outcome: Outcome,
    codec: Codec,
    types: TaskTypes | None,
    problems: list[str],
) -> None:
    facts["task"], facts["attempt"] = outcome.task, outcome.attempts
    facts["ended_at"] = moment(outcome.ended_ms)
    facts["run_seconds"] = outcome.run_ms / 1000
    facts["worker"] = outcome.worker
    if outcome.call:
        _add_call(facts, outcome.call, codec, types, problems)
    if outcome.parent:
        facts["parent"] = outcome.parent
    if outcome.tags:
        facts["tags"] = outcome.tags
    if outcome.run_ms:
        facts["started_at"] = moment(outcome.ended_ms - outcome.run_ms)
    if outcome.kind == "unsendable":
        problems.append(f"result: {outcome.value.decode('utf-8', 'replace')}")
    if outcome.kind == "ok":
        try:
            facts["result"] = codec.decode_value(outcome.value, types)
        except DecodeError as error:
            problems.append(f"result: {error}")
