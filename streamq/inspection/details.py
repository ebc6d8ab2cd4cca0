"""Jobs of one queue by id; a damaged one is told apart, and never hides the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamq.job import JobInfo, JobState
from streamq.job_reading import attempts_of, job_info
from streamq.operations import look
from streamq.redaction import redacted
from streamq.standing import with_reasons

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Look

_KINDS = {
    "ok": JobState.SUCCEEDED,
    "none": JobState.SUCCEEDED,
    "unsendable": JobState.SUCCEEDED,
    "failed": JobState.DEAD,
    "poison": JobState.DEAD,
    "cancelled": JobState.CANCELLED,
    "expired": JobState.EXPIRED,
}


def state_of_kind(kind: str) -> tuple[JobState, str]:
    """The state and the reason of a job that ended so."""
    state = _KINDS.get(kind, JobState.UNKNOWN)
    return state, "" if kind in {"ok", "none", "cancelled", "expired"} else kind


def looks(
    app: StreamQ, keys: QueueKeys, ids: list[str], *, attempts: bool = False
) -> Question[list[JobInfo]]:
    """All that is known of up to 200 jobs of one queue, in their order.

    `attempts`: also of their runs that ended badly.
    """
    if not ids:
        return []
    try:
        (found,) = yield [look(keys, ids=ids)]
    except (ValueError, IndexError) as error:
        if len(ids) == 1:
            return [_unreadable(ids[0], keys.queue, error)]
        half = len(ids) // 2
        first = yield from looks(app, keys, ids[:half], attempts=attempts)
        second = yield from looks(app, keys, ids[half:], attempts=attempts)
        return first + second
    infos = yield from with_reasons(keys, [_described(app, keys, seen) for seen in found])
    if attempts:
        infos = [
            replace(info, attempts=attempts_of(seen, app.codec))
            for info, seen in zip(infos, found, strict=True)
        ]
    return infos


def _described(app: StreamQ, keys: QueueKeys, seen: Look) -> JobInfo:
    task = app.tasks.get(_task_of(seen))
    try:
        info = job_info(seen, keys.queue, app.codec, task.annotations if task else None)
    except Exception as error:  # noqa: BLE001 - a user's decoder raises what it likes
        return _unreadable(seen.id, keys.queue, error)

    if task is None or not task.task_options.redact:
        return info
    # Who sent it by name may not have known what is not to be shown.
    args, kwargs = redacted(info.args, info.kwargs, task.task_options.redact)
    return replace(info, args=args, kwargs=kwargs)


def _task_of(seen: Look) -> str:
    if seen.outcome is not None:
        return seen.outcome.task
    return seen.record.task if seen.record else ""


def _unreadable(job_id: str, queue: str, error: Exception) -> JobInfo:
    """A job whose record, state or outcome was touched by hand, or comes from another release."""
    line = " ".join(str(error).split()) or type(error).__name__
    return JobInfo(job_id, queue=queue, problem=f"can't be read: {line}")
