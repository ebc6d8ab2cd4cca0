"""The job that is running here: what a task sees of it, and how the worker says which one it is."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from streamq.durations import seconds as as_seconds
from streamq.saying import Saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from streamq.app import StreamQ

H_co = TypeVar("H_co", covariant=True)
When: TypeAlias = Literal["succeeded", "dead"]

_running: ContextVar[RunningJob | None] = ContextVar("streamq_running_job", default=None)
_MOST_FOLLOW_UPS = 200  # of one job: they are made in one step, which must be short
_MOST_FOLLOW_UP_BYTES = 4 << 20


class FollowUp(Protocol[H_co]):
    """A job that was prepared, to be made in the step that ends the one it follows from."""

    plan: Any  # how it is enqueued
    job: Any  # encoded
    definition: Any  # of its task, where that is here

    @property
    def handle(self) -> H_co:
        """What stands for it."""
        ...


class Followable(Protocol[H_co]):
    """A call that can be made to follow from a job: `task.s(…)`, `app.call(…)`."""

    def follow_up(self) -> FollowUp[H_co]:
        """Check and encode it."""
        ...


@dataclass(slots=True, eq=False)  # not frozen: one is made per job, and that would cost 2 µs
class RunningJob(Saying):
    """The job a task is running for; what `current_job()` gives and `bind=True` passes first.

    A detached one belongs to no job: a task called as a function. Nothing it does has an effect.
    """

    id: str = ""
    task: str = ""  # its name
    queue: str = ""
    attempt: int = 1  # the number of this run; 1 for the first
    crashes: int = 0  # earlier runs that ended in a killed process
    deadline: datetime | None = None  # when a time limit ends this run; None: nothing does
    time_limits: tuple[float | None, float | None] = (None, None)  # hard and soft; seconds
    scheduled_for: datetime | None = None  # its schedule's tick, or when it was due; aware
    schedule: str = ""  # the name of the schedule that made it
    tags: tuple[str, ...] = ()
    headers: dict[str, Any] = field(default_factory=dict)  # that the call was given
    parent: str = ""  # the id of the job that enqueued it; empty: none did
    detached: bool = True  # no job: nothing is reported
    restored: Any = None  # what an earlier run of this job kept with `checkpoint`; None: nothing
    report: Callable[[str, Any], Any] | None = field(default=None, repr=False)  # the worker's
    application: StreamQ | None = field(default=None, repr=False)
    follow_ups: list[tuple[When, FollowUp[Any]]] = field(default_factory=list, repr=False)

    def extend_deadline(self, seconds: float | timedelta) -> datetime | None:
        """Move this run's time limits, soft and hard, so much later; returns the new `deadline`.

        A soft limit that was raised and caught is raised once more, so much later than now. None,
        and nothing happens, where the run has no limit. Raises `ValueError` for 0 or less.
        """
        more = as_seconds(seconds, "extend_deadline")
        if not more:
            raise ValueError("extend_deadline: must be more than 0 seconds")
        if self.deadline is not None and self.report is not None:
            self.report("extend", more)
            self.deadline += timedelta(seconds=more)
        return self.deadline

    @property
    def app(self) -> StreamQ:
        """The application; `job.app.state` is what its `lifespan` opened in this process.

        Raises `RuntimeError` on a detached job.
        """
        if self.application is None:
            raise RuntimeError(
                "no job runs here, so current_job().app is unknown.\n"
                "In a test of a task, run it with app.conf.task_always_eager = True, or use the "
                "application itself: app.state.db = …"
            )
        return self.application

    def enqueue(self, call: Followable[H_co], *, when: When = "succeeded") -> H_co:
        """Enqueue a call (`task.s(…)`, `app.call(…)`) in the very step that ends this job.

        It is made if this run succeeds (`when="dead"`: if it makes the job dead), and once: not
        if the run is retried, lost, or done over by another worker. Until then its handle knows
        no such job, nor later where another job has its unique key. At most 200 for a job, and
        4 MiB in all. Raises `ValueError` over that, and as `Task.delay` does for arguments; for a
        call with an idempotency key `ConfigurationError`.
        """
        follow = call.follow_up()
        if self.detached:
            return follow.handle
        size = len(follow.job.body) + sum(len(one.job.body) for _, one in self.follow_ups)
        if len(self.follow_ups) >= _MOST_FOLLOW_UPS or size > _MOST_FOLLOW_UP_BYTES:
            raise ValueError(
                f"job.enqueue: {len(self.follow_ups) + 1} follow-ups with {size} bytes; a job has "
                f"at most {_MOST_FOLLOW_UPS} with {_MOST_FOLLOW_UP_BYTES} bytes.\n"
                "Enqueue one that enqueues the rest, or use .delay(), which this job's end is not "
                "tied to"
            )
        if follow.job.around is not None:
            follow.job.around.sent(follow.job.id)
        self.follow_ups.append((when, follow))
        return follow.handle


_DETACHED = RunningJob()


def current_job() -> RunningJob:
    """The job that this code runs for; a detached one where it runs for none."""
    return _running.get() or _DETACHED


def running_job() -> RunningJob | None:
    """The job that this code runs for, or None."""
    return _running.get()


def tell_children(task: str, ids: Iterable[str], job: RunningJob | None = None) -> None:
    """These jobs of a task were enqueued by a job, the one that runs here; by none is fine."""
    job = job or _running.get()
    if job is not None and job.report is not None:
        for child in ids:
            job.report("child", f"{child} {task}")


@contextmanager
def activate(job: RunningJob) -> Iterator[RunningJob]:
    """Make this the job that `current_job()` gives, in this thread or async task, inside `with`."""
    token = _running.set(job)
    try:
        yield job
    finally:
        _running.reset(token)


def enter(job: RunningJob) -> None:
    """As `activate`, for a context that ends with the job: there is nothing to put back."""
    _running.set(job)
