"""streamq: a job queue on Redis Streams. Start with `StreamQ`."""

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
from streamq.job import JobInfo, JobState, Progress
from streamq.result import AsyncResult
from streamq.task import Task

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
