"""Every exception that streamq raises, or that a task raises to tell streamq something.

StreamQError
├── ConfigurationError          a setting, option or address that can't be used
├── BrokerUnavailable           no answer from the server, nothing was sent
├── BrokerRefused               the server's answer is final: password, rights, version
│   ├── SchemaMismatch          the queue was written by another data model
│   └── ScriptError             a script failed: a bug, or keys touched by hand
├── EncodeError (TypeError)     a value can't be sent
├── DecodeError (ValueError)    bytes that are damaged
│   └── PayloadRefused          bytes that are over a limit, or not accepted
├── UnknownTask                 no such task here
├── EnqueueUncertain            sent, but not confirmed
├── BlockingGetRefused (RuntimeError)  `get()` inside a plain task
├── AuditFailed                 the conservation law is broken
├── JobError                    about one job
│   ├── UnknownJob              ├── ResultExpired      ├── ResultIgnored
│   ├── ResultError             ├── JobCancelled       ├── JobExpired
│   ├── LeaseLost               ├── IdempotencyConflict
│   └── WaitTimeout (TimeoutError)
├── RemoteError                 a task's exception that can't be rebuilt here
├── RemoteTraceback             only ever a `__cause__`: the worker's traceback as text
├── Retry                       raised by a task: run me again later
├── GiveUp                      raised by a task: straight to dead
└── SoftTimeLimitExceeded       raised inside a task that is over its soft limit
TaskCancelled (BaseException)   raised inside a task that is cancelled
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class StreamQError(Exception):
    """The base of all: catch it to catch whatever streamq itself raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by fields: constructors here take facts, not `args`."""
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    cls: type[BaseException], args: tuple[Any, ...], fields: dict[str, Any]
) -> BaseException:
    """Make an exception as it was, without its constructor."""
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(fields)
    return error


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


class JobError(StreamQError):
    """The base of what is about one job; `job_id` where known."""

    def __init__(self, message: str = "", *, job_id: str | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id


class UnknownJob(JobError):
    """Nobody knows this id: mistyped, another server or namespace, or ended long ago."""


class ResultExpired(JobError):
    """The job ended, but its result is past its time; keep it longer with `result_ttl`."""


class ResultIgnored(JobError):
    """The job's result was not kept (`ignore_result`), so there is none to get."""


class ResultError(JobError):
    """The job succeeded but its result couldn't be encoded or was too large; it won't run again."""


class JobCancelled(JobError):
    """The job was cancelled: it has no result and never will."""


class JobExpired(JobError):
    """The job's `expires` passed before it could start: it never ran."""


class IdempotencyConflict(JobError):
    """This idempotency key was used before, on the same task with other arguments."""


class LeaseLost(JobError):
    """Someone else holds this job now, or it has ended; nothing was changed. Stop working on it."""


class WaitTimeout(JobError, TimeoutError):
    """`get(timeout=…)` ran out; the job goes on. Says where it stands, and may be called again."""

    def __init__(
        self,
        job_id: str,
        timeout: float,
        *,
        state: str = "unknown",
        reason: str = "",
        last_error: str = "",
        others: int = 0,  # jobs waited for with it that haven't ended either
    ) -> None:
        who = f"job {job_id} has" if not others else f"job {job_id} and {others} more have"
        why = f" ({reason})" if reason else ""
        last = f"; last attempt: {last_error}" if last_error else ""
        super().__init__(f"{who} not ended within {timeout:g} s: {state}{why}{last}", job_id=job_id)
        self.timeout = timeout  # seconds that were waited
        self.state, self.reason = state, reason
        self.last_error = last_error  # of the last failed attempt, one line


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


class SoftTimeLimitExceeded(StreamQError):
    """Raised inside a task at its `soft_time_limit`: clean up and end before the hard one."""


class TaskCancelled(BaseException):
    """Raised inside a plain task that is cancelled; clean up, and let it pass."""
