"""streamq: a job queue on Redis Streams. Start with `StreamQ`."""

from typing import TYPE_CHECKING

from streamq.app import StreamQ
from streamq.backoff import Backoff
from streamq.call_signature import TaskCall
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
    JobExpired,
    LeaseLost,
    RemoteError,
    RemoteTraceback,
    ResultError,
    ResultExpired,
    ResultIgnored,
    Retry,
    SoftTimeLimitExceeded,
    StreamQError,
    TaskCancelled,
    UnknownJob,
    UnknownTask,
    WaitTimeout,
)
from streamq.job_state import JobState
from streamq.option_checks import SharedKey
from streamq.result import AsyncResult
from streamq.task import Task

if TYPE_CHECKING:
    from streamq.job import JobInfo, Progress

__version__ = "0.1.0"

__all__ = [
    "AsyncResult",
    "Backoff",
    "BlockingGetRefused",
    "BrokerRefused",
    "BrokerUnavailable",
    "ConfigurationError",
    "DecodeError",
    "EncodeError",
    "EnqueueUncertain",
    "GiveUp",
    "IdempotencyConflict",
    "JobCancelled",
    "JobError",
    "JobExpired",
    "JobInfo",
    "JobState",
    "LeaseLost",
    "Progress",
    "RemoteError",
    "RemoteTraceback",
    "ResultError",
    "ResultExpired",
    "ResultIgnored",
    "Retry",
    "RunningJob",
    "SharedKey",
    "SoftTimeLimitExceeded",
    "StreamQ",
    "StreamQError",
    "Task",
    "TaskCall",
    "TaskCancelled",
    "UnknownJob",
    "UnknownTask",
    "WaitTimeout",
    "__version__",
    "current_job",
]


def __getattr__(name: str) -> object:
    """`JobInfo` and `Progress` when first asked for: most programs never name them."""
    if name not in {"JobInfo", "Progress"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from streamq import job  # noqa: PLC0415 - the point of it: 5 ms

    return getattr(job, name)


def __dir__() -> list[str]:
    """Those two as well, for whoever explores."""
    return sorted({*globals(), *__all__})
