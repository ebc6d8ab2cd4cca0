"""What an application wants done around its jobs: the register, and what the hooks are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from streamq.app import StreamQ
    from streamq.context import RunningJob

    AroundEnqueue: TypeAlias = Callable[["EnqueuedCall"], Iterator[None]]
    AroundRun: TypeAlias = Callable[[RunningJob], Iterator[None] | AsyncIterator[None]]
    Handler: TypeAlias = Callable[["JobEvent"], Awaitable[None] | None]

EventName: TypeAlias = Literal[
    "job.enqueued",
    "job.started",
    "job.succeeded",
    "job.retried",
    "job.dead",
    "job.cancelled",
    "job.released",
    "job.lost",
    "job.reclaimed",
    "job.expired",
]
EVENTS: tuple[EventName, ...] = (
    "job.enqueued",  # accepted; in the process that enqueued it
    "job.started",  # this and the following: in the worker
    "job.succeeded",
    "job.retried",  # will run again, `delay` seconds later
    "job.dead",
    "job.cancelled",  # while it ran; who cancels what waits is told at once
    "job.released",  # handed back unrun, set aside (unknown task), or its process crashed
    "job.lost",  # it ended here, but its lease was lost: another run of it decides
    "job.reclaimed",  # this worker took it back from one that was killed, or lost its lease
    "job.expired",  # too old to start when this worker came to it
)


@dataclass(slots=True, eq=False)
class EnqueuedCall:
    """A call on its way to the server, as `app.around_enqueue` sees it."""

    id: str  # that the job will have
    task: str
    queue: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    headers: dict[str, Any]  # what is put here arrives as `current_job().headers`


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job, as `app.on` tells it."""

    name: EventName
    id: str
    task: str
    queue: str
    attempt: int = 0  # the number of the run; 0: none yet
    seconds: float = 0.0  # that the run took
    error: str = ""  # what it raised or why it ended, in a line
    reason: str = ""  # of a death: failed, given-up, poison, …
    delay: float | None = None  # seconds until it may run again


class State(SimpleNamespace):
    """What a process keeps for its jobs: `app.state.db = …`, set in `@app.lifespan`."""

    def __getattr__(self, name: str) -> Any:
        """Only called for what is not there."""
        raise AttributeError(
            f"app.state has no {name!r}.\nSet it in a function under @app.lifespan, which runs "
            "when a worker starts; in a test, set it yourself"
        )


@dataclass(slots=True)
class Hooks:
    """Those of one application, each list in the order in which they were declared."""

    around_enqueue: list[AroundEnqueue] = field(default_factory=list)
    around_run: list[AroundRun] = field(default_factory=list)
    lifespans: list[Callable[[Any], Any]] = field(default_factory=list)
    handlers: dict[str, list[Handler]] = field(default_factory=dict)
    state: State = field(default_factory=State)
    application: StreamQ | None = None  # whose they are

    @property
    def see_enqueues(self) -> bool:
        """Whether anybody looks at calls on their way."""
        return bool(self.around_enqueue or self.handlers.get("job.enqueued"))

    @property
    def see_runs(self) -> bool:
        """Whether a worker has anybody to tell of its jobs."""
        return any(name != "job.enqueued" for name in self.handlers)

    def handle(self, name: str, handler: Handler) -> None:
        """Add a handler; ValueError for an event that there isn't."""
        if name not in EVENTS:
            near = get_close_matches(str(name), EVENTS, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"app.on({name!r}): no such event{hint}\nThere are {', '.join(EVENTS)}"
            )
        self.handlers.setdefault(name, []).append(handler)
