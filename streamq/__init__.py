"""streamq: a job queue on Redis Streams. Start with `StreamQ`."""

from typing import TYPE_CHECKING

from streamq.app import StreamQ
from streamq.backoff import Backoff
from streamq.call_signature import TaskCall
from streamq.cancellation import Cancellation
from streamq.context import RunningJob, current_job
from streamq.errors import (
    BlockingGetRefused,
    BrokerRefused,
    BrokerUnavailable,
    ConfigurationError,
    DecodeError,
    EncodeError,
    EnqueueUncertain,
    GiveUp,
    IdempotencyConflict,
    JobCancelled,
    JobError,
    JobExists,
    JobExpired,
    LeaseLost,
    QueueFull,
    RemoteError,
    RemoteTraceback,
    ResultError,
    ResultExpired,
    ResultIgnored,
    Retry,
    SoftTimeLimitExceeded,
    StreamQError,
    TaskCancelled,
    TimeLimitExceeded,
    UnknownJob,
    UnknownTask,
    WaitTimeout,
)
from streamq.job_state import JobState
from streamq.option_checks import SharedKey
from streamq.result import AsyncResult
from streamq.secret import Secret
from streamq.task import Task
from streamq.task_errors import RateLimited
from streamq.unique import Unique
from streamq.version import __version__

if TYPE_CHECKING:
    from streamq.job import JobInfo, Progress
    from streamq.limits import Concurrency, RateLimit

__all__ = [
    "AsyncResult",
    "Backoff",
    "BlockingGetRefused",
    "BrokerRefused",
    "BrokerUnavailable",
    "Cancellation",
    "Concurrency",
    "ConfigurationError",
    "DecodeError",
    "EncodeError",
    "EnqueueUncertain",
    "GiveUp",
    "IdempotencyConflict",
    "JobCancelled",
    "JobError",
    "JobExists",
    "JobExpired",
    "JobInfo",
    "JobState",
    "LeaseLost",
    "Progress",
    "QueueFull",
    "RateLimit",
    "RateLimited",
    "RemoteError",
    "RemoteTraceback",
    "ResultError",
    "ResultExpired",
    "ResultIgnored",
    "Retry",
    "RunningJob",
    "Secret",
    "SharedKey",
    "SoftTimeLimitExceeded",
    "StreamQ",
    "StreamQError",
    "Task",
    "TaskCall",
    "TaskCancelled",
    "TimeLimitExceeded",
    "Unique",
    "UnknownJob",
    "UnknownTask",
    "WaitTimeout",
    "__version__",
    "current_job",
]


_LATE = {"JobInfo": "job", "Progress": "job", "RateLimit": "limits", "Concurrency": "limits"}


def __getattr__(name: str) -> object:
    """What most programs never name, when it is first asked for: 5 ms each module."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - the point of it

    return getattr(import_module(f"streamq.{_LATE[name]}"), name)


def __dir__() -> list[str]:
    """Those as well, for whoever explores."""
    return sorted({*globals(), *__all__})
