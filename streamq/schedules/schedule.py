"""A schedule as it is defined: what runs when, and what becomes of ticks that can't."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from streamq.durations import seconds
from streamq.option_checks import aware, queue_name
from streamq.options import CallOptions, call_options
from streamq.schedules.timing import Cron, Every

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from streamq.schedules.timing import Timing

OnMissed: TypeAlias = Literal["skip", "once", "all"]
Overlap: TypeAlias = Literal["allow", "skip", "queue_one"]

MISSED_LIMIT = 100
_MOST_MISSED = 10_000
_LONGEST_JITTER_S = 86_400.0
_NOT_HERE = {
    "countdown": "the tick says when; jitter= spreads ticks",
    "eta": "the tick says when; start= and end= bound them",
    "idempotency_key": "each tick makes one job by itself",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a task's jobs are made from at each tick. Immutable; made by `make_schedule`."""

    name: str  # of the application's
    task: str  # its name
    timing: Timing
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: CallOptions = field(default_factory=CallOptions)
    start_ms: int | None = None  # no tick before it
    end_ms: int | None = None  # none after it
    jitter_ms: int = 0  # jobs come up to so much after their tick, the same time for the same tick
    on_missed: OnMissed = "once"
    missed_limit: int = MISSED_LIMIT  # the most jobs that "all" makes up for
    overlap: Overlap = "allow"


def make_schedule(
    name: str,
    task: str,
    timing: Timing,
    where: str,
    *,
    args: Any = (),
    kwargs: Any = None,
    start: datetime | None = None,
    end: datetime | None = None,
    jitter: float | timedelta = 0,
    on_missed: str = "once",
    missed_limit: int = MISSED_LIMIT,
    overlap: str = "allow",
    **options: Any,
) -> Schedule:
    """A schedule, checked; `where` begins the message of what is refused.

    Raises `TypeError` or `ValueError`; its arguments are checked by who knows the task.
    """
    try:
        _refuse_strange(name, options)
        return Schedule(
            name,
            task,
            timing,
            *_arguments(args, kwargs),
            call_options(options, where),
            *_bounds(start, end),
            _jitter(jitter, timing),
            _one_of(on_missed, OnMissed, "on_missed"),
            _limit(missed_limit),
            _one_of(overlap, Overlap, "overlap"),
        )
    except (TypeError, ValueError) as error:
        text = str(error)
        raise type(error)(text if text.startswith(where) else f"{where}: {text}") from None


def changed_schedule(old: Schedule, timing: Timing, where: str, **given: Any) -> Schedule:
    """The schedule with what is given, None leaves a thing as it is; refuses as `make_schedule`."""
    said = {name: value for name, value in given.items() if value is not None}
    kept: dict[str, Any] = {
        "args": old.args,
        "kwargs": dict(old.kwargs),
        "start": old.start_ms and datetime.fromtimestamp(old.start_ms / 1000, UTC),
        "end": old.end_ms and datetime.fromtimestamp(old.end_ms / 1000, UTC),
        "jitter": old.jitter_ms / 1000,
        "on_missed": old.on_missed,
        "missed_limit": old.missed_limit,
        "overlap": old.overlap,
    }
    new = make_schedule(old.name, old.task, timing, where, **(kept | said))
    return replace(new, options=new.options.over(old.options))


def task_name(task: object, where: str) -> str:
    """The name of a task, or what is one; `TypeError` for anything else."""
    name = task if isinstance(task, str) else getattr(task, "name", None)
    if not isinstance(name, str) or not name:
        raise TypeError(
            f"{where}: {task!r} is no task: @app.task makes one of a function, and the name of one "
            "will do"
        )
    return name


def make_timing(
    cron: str | None, every: float | timedelta | None, tz: str | None, default_tz: str
) -> Timing:
    """The one of the two that was given; `TypeError` for none or both."""
    if (cron is None) == (every is None):
        raise TypeError("say when: cron='*/5 * * * *' or every=timedelta(minutes=5), one of them")
    if cron is not None:
        return Cron(cron, default_tz if tz is None else tz)
    if tz is not None:
        raise TypeError("tz= is for cron expressions; an interval is the same everywhere")
    assert every is not None  # noqa: S101 - see above
    return Every(every)


def _refuse_strange(name: str, options: Mapping[str, Any]) -> None:
    queue_name(name, "schedule name")
    for option, why in _NOT_HERE.items():
        if options.get(option) is not None:
            raise TypeError(f"{option}= says nothing for a schedule: {why}")
    if isinstance(options.get("expires"), datetime):
        raise TypeError("expires= must be seconds: of each job, from its tick")


def _bounds(start: datetime | None, end: datetime | None) -> tuple[int | None, int | None]:
    start_ms = None if start is None else round(aware(start, "start").timestamp() * 1000)
    end_ms = None if end is None else round(aware(end, "end").timestamp() * 1000)
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise ValueError("end= is before start=: it would never tick")
    return start_ms, end_ms


def _arguments(args: Any, kwargs: Any) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    if isinstance(args, (str, bytes)) or not hasattr(args, "__iter__"):
        raise TypeError(f"args={args!r}: must be a tuple of arguments; for one write args=(…,)")
    given = {} if kwargs is None else kwargs
    if not isinstance(given, dict) or not all(isinstance(one, str) for one in given):
        raise TypeError(f"kwargs={kwargs!r}: must be arguments by name, as {{'day': 1}}")
    return tuple(args), dict(given)


def _jitter(given: float | timedelta, timing: Timing) -> int:
    spread = seconds(given, "jitter")
    most = timing.ms / 1000 if isinstance(timing, Every) else _LONGEST_JITTER_S
    if spread > most:
        what = "its interval" if isinstance(timing, Every) else "a day"
        raise ValueError(f"jitter of {spread:g} seconds: must be at most {what}")
    return round(spread * 1000)


def _limit(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= _MOST_MISSED:
        raise ValueError(f"missed_limit={given!r}: must be 1 to {_MOST_MISSED} jobs")
    return given


def _one_of(given: Any, words: Any, what: str) -> Any:
    known = get_args(words)
    if given not in known:
        listed = " or ".join(", ".join(map(repr, known)).rsplit(", ", 1))
        raise ValueError(f"{what}={given!r}: must be {listed}")
    return given
