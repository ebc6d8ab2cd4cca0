"""Every exception that streamq raises, or that a task raises to tell streamq something.

StreamQError
├── ConfigurationError          a setting, option or address that can't be used
├── BrokerUnavailable           no answer from the server, nothing was sent
├── BrokerRefused               the server's answer is final: password, rights, version
│   ├── SchemaMismatch          the queue was written by another data model
│   └── ScriptError             a script failed: a bug, or keys touched by hand
│       └── DamagedQueue        a key holds what isn't streamq's; the message names it
├── EncodeError (TypeError)     a value can't be sent
├── DecodeError (ValueError)    bytes that are damaged
│   └── PayloadRefused          bytes that are over a limit, or not accepted
├── UnknownTask                 no such task here
├── EnqueueUncertain            sent, but not confirmed
├── QueueFull                   a queue's budget has no room
├── BlockingGetRefused (RuntimeError)  `get()` inside a plain task
├── AuditFailed                 the conservation law is broken
├── JobError                    about one job
│   ├── UnknownJob              ├── ResultExpired      ├── ResultIgnored
│   ├── ResultError             ├── JobCancelled       ├── JobExpired
│   ├── LeaseLost               ├── IdempotencyConflict ├── JobExists
│   └── WaitTimeout (TimeoutError)
├── RemoteError                 a task's exception that can't be rebuilt here
├── RemoteTraceback             only ever a `__cause__`: the worker's traceback as text
├── Retry                       raised by a task: run me again later
├── GiveUp                      raised by a task: straight to dead
├── SoftTimeLimitExceeded       raised inside a task that is over its soft limit
└── TimeLimitExceeded           a run was over its hard limit
TaskCancelled (BaseException)   raised inside a task that is cancelled
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from streamq.error_base import StreamQError
from streamq.job_errors import (
    IdempotencyConflict,
    JobCancelled,
    JobError,
    JobExists,
    JobExpired,
    LeaseLost,
    ResultError,
    ResultExpired,
    ResultIgnored,
    UnknownJob,
    WaitTimeout,
)
from streamq.stop_errors import SoftTimeLimitExceeded, TaskCancelled, TimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = [
    "AuditFailed",
    "BlockingGetRefused",
    "BrokerRefused",
    "BrokerUnavailable",
    "ConfigurationError",
    "DamagedQueue",
    "DecodeError",
    "EncodeError",
    "EnqueueUncertain",
    "GiveUp",
    "IdempotencyConflict",
    "JobCancelled",
    "JobError",
    "JobExists",
    "JobExpired",
    "LeaseLost",
    "PayloadRefused",
    "QueueFull",
    "RemoteError",
    "RemoteTraceback",
    "ResultError",
    "ResultExpired",
    "ResultIgnored",
    "Retry",
    "SchemaMismatch",
    "ScriptError",
    "SoftTimeLimitExceeded",
    "StreamQError",
    "TaskCancelled",
    "TimeLimitExceeded",
    "UnknownJob",
    "UnknownTask",
    "WaitTimeout",
]


class QueueFull(StreamQError):
    """A queue's declared budget has no room for a call, which changed nothing.

    `app.queue("mail", max_jobs=…, max_bytes=…)` declares it; `on_full="block"` waits for room.
    """

    def __init__(self, queue: str, budget: str, used: int, limit: int, asked: int) -> None:
        what = {"max_jobs": "jobs", "max_bytes": "bytes"}.get(budget, budget)
        cure = "Start more workers, enqueue less"
        if asked > limit:
            cure = f"So many at once never fit: enqueue at most {limit} {what} in one call"
        super().__init__(
            f"queue {queue!r} is full: {used} of {budget}={limit} {what}, {asked} more asked for.\n"
            f"{cure}, or raise the budget in app.queue(…)"
        )
        self.queue = queue
        self.budget = budget  # "max_jobs" or "max_bytes"
        self.used, self.limit = used, limit  # how much there is, and may be
        self.asked = asked  # what the call would have added


class ConfigurationError(StreamQError):
    """A setting, option, name or address can't be used; the message names it and the cure."""


class BrokerUnavailable(StreamQError):
    """The server was not reached in time, and nothing was sent: calling again is safe."""


class BrokerRefused(StreamQError):
    """The server answered, and asking again won't help.

    A wrong password, a missing right, an old version, full memory.
    """


class SchemaMismatch(BrokerRefused):
    """The queue's keys have another data model: use the release that wrote them, or migrate."""


class ScriptError(BrokerRefused):
    """A script failed; names file and line. Report it, and run `streamq check --audit`."""


class DamagedQueue(ScriptError):
    """A key of the queue holds what isn't streamq's, which changes nothing of it; mend that key."""


class EncodeError(StreamQError, TypeError):
    """A value can't be sent as it is; the message names it, its type and `app.register_type`."""


class DecodeError(StreamQError, ValueError):
    """Bytes are not what this codec writes; a job with such a body dies, a result can't be read."""


class PayloadRefused(DecodeError):
    """Bytes are over a limit of size, depth or number, or of a kind `accept_content` leaves out."""


class UnknownTask(StreamQError):
    """No task has this name here: import the module that registers it, or mind the spelling."""


class EnqueueUncertain(StreamQError):
    """The call was sent but not confirmed in time: the job may exist, or not.

    Look with `app.result(error.job_id).state`; an `idempotency_key` makes a repeat safe.
    """

    def __init__(self, job_ids: str | Sequence[str], detail: str = "") -> None:
        self.job_ids = (job_ids,) if isinstance(job_ids, str) else tuple(job_ids)
        self.job_id = self.job_ids[0] if self.job_ids else ""
        more = len(self.job_ids) - 1
        what = f"job {self.job_id}" + (f" and {more} more" if more > 0 else "")
        super().__init__(f"{what}: sent, but not confirmed{': ' + detail if detail else ''}")


class BlockingGetRefused(StreamQError, RuntimeError):
    """`get()` inside a plain task would hold its slot: make it `async def` and `await job`."""


class AuditFailed(StreamQError):
    """A queue is not in order; `violations` names each finding with its key."""

    def __init__(self, violations: Sequence[str], queue: str = "") -> None:
        self.violations = tuple(violations)
        self.queue = queue
        head = f"queue {queue!r}: " if queue else ""
        super().__init__("\n".join([f"{head}{len(violations)} violation(s)", *violations]))


class RemoteError(StreamQError):
    """A task raised an exception that can't be rebuilt in this process.

    Its class is not imported here, or is no `Exception`; import its module to have it back.
    """

    def __init__(
        self,
        type_name: str,  # module.qualname
        message: str = "",  # str() of it, where it was raised
        *,
        args_repr: Sequence[str] = (),  # repr() of each of its args
        notes: Sequence[str] = (),  # its __notes__; also attached to this one
        traceback: str = "",  # the worker's, as text
    ) -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name = type_name
        self.message = message
        self.args_repr, self.notes = tuple(args_repr), tuple(notes)
        self.traceback = traceback
        for note in notes:
            self.add_note(note)


class RemoteTraceback(StreamQError):
    """The worker's traceback, as the `__cause__` of what a task raised."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        # Quoted as concurrent.futures does, so nobody takes it for a local one.
        return f'\n"""\n{self.text}"""'


class Retry(StreamQError):
    """Raise it in a task to run the job again.

    `countdown` is seconds or a timedelta from now; None takes the task's own
    backoff. `counted=False` snoozes: the attempt isn't counted.
    """

    def __init__(self, countdown: float | timedelta | None = None, *, counted: bool = True) -> None:
        seconds = countdown.total_seconds() if isinstance(countdown, timedelta) else countdown
        if seconds is not None and not 0 <= seconds < float("inf"):
            raise ValueError(f"Retry(countdown={countdown!r}): must be 0 or more seconds")
        super().__init__("again" if seconds is None else f"again in {seconds:g} s")
        self.countdown = seconds  # seconds
        self.counted = counted


class GiveUp(StreamQError):
    """Raise it in a task to make the job dead at once, whatever its retry policy; says why."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
