"""What is enqueued and has not ended, and assertions about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from streamq import inspection
from streamq.option_checks import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamq.app import StreamQ
    from streamq.job import JobInfo
    from streamq.task import Task

_SHOWN = 10  # jobs in a message
_PAGE = 200


def enqueued(
    app: StreamQ, task: str | Task[..., Any] | None = None, *, queue: str | None = None
) -> list[JobInfo]:
    """The jobs that have not ended: running, waiting, parked and scheduled ones, by queue.

    `task`, itself or its name, and `queue` leave out all others.
    """
    queues = [queue] if queue else [one.queue for one in inspection.queues(app)]
    found: dict[str, JobInfo] = {}
    cursor = ""
    while True:
        page = inspection.walk(app, queues, inspection.PENDING, cursor, _PAGE)
        found.update({job.id: job for job in page})
        cursor = page.cursor
        if not cursor:
            break
    wanted = _name(task)
    return [job for job in found.values() if wanted in (None, job.task)]


def assert_enqueued(
    app: StreamQ,
    task: str | Task[..., Any],
    args: Iterable[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    times: int | None = None,
    queue: str | None = None,
) -> list[JobInfo]:
    """Such jobs are enqueued and have not ended: any number but none, or exactly `times`.

    Without `args` and `kwargs` whatever their arguments; with one of them these and no others,
    by position or by name as the task's function would take them. Returns the jobs. Raises
    `AssertionError` that lists what there is, `TypeError` for arguments that the task can't take.
    """
    __tracebackhide__ = True  # pytest then shows the test's line, not this one
    if app.conf.eager:
        raise AssertionError("the application is eager: its jobs run in place, none is enqueued")
    name = _name(task) or ""
    jobs = enqueued(app, queue=queue)
    wanted = _wanted(app, name, args, kwargs)
    fitting = [job for job in jobs if job.task == name and _fits(app, job, wanted)]
    if len(fitting) == times or (fitting and times is None):
        return fitting
    call = name if wanted is None else _call(name, *wanted)
    where = f" in queue {queue!r}" if queue else ""
    often = f"is enqueued {len(fitting)} ×, not {times} ×" if fitting else "is not enqueued"
    shown = fitting + [job for job in jobs if job not in fitting]
    raise AssertionError(f"{call} {often}{where}; {_what_there_is(app, name, shown)}")


Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def _name(task: str | Task[..., Any] | None) -> str | None:
    return task if task is None or isinstance(task, str) else task.name


def _wanted(
    app: StreamQ, name: str, args: Iterable[Any] | None, kwargs: Mapping[str, Any] | None
) -> Arguments | None:
    if args is None and kwargs is None:
        return None
    given = tuple(args or ()), dict(kwargs or {})
    task = app.tasks.get(name)
    if task is None:
        return given
    task.check_arguments(*given)
    return task.definition.canonical(*given)


def _fits(app: StreamQ, job: JobInfo, wanted: Arguments | None) -> bool:
    if wanted is None:
        return True
    given = tuple(job.args), dict(job.kwargs)
    task = app.tasks.get(job.task)
    if task is not None and task.fits(*given) is None:
        given = task.definition.canonical(*given)
    return given == wanted


def _call(name: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    each = [repr(value) for value in args] + [f"{key}={it!r}" for key, it in kwargs.items()]
    return f"{name}({', '.join(each)})"


def _what_there_is(app: StreamQ, name: str, jobs: list[JobInfo]) -> str:
    same = [job for job in jobs if job.task == name]
    others = Counter(job.task for job in jobs if job.task != name)
    lines = [f"of {name} there are:" if same else f"there is no job of {name}"]
    lines += [f"  {_line(job)}" for job in same[:_SHOWN]]
    if len(same) > _SHOWN:
        lines.append(f"  and {len(same) - _SHOWN} more")
    if others:
        each = [f"{task} × {number}" for task, number in others.most_common(_SHOWN)]
        lines.append(f"of other tasks: {', '.join(each)}")
    if not same and name not in app.tasks and name not in others:
        lines[0] += f", nor such a task{nearest(name, {*app.tasks, *others})}"
    ended = sum(one.counters.get("succeeded", 0) + one.dead for one in inspection.queues(app))
    if ended and not same:
        lines.append(f"{ended} jobs have ended; look before they are run")
    return "\n".join(lines)


def _line(job: JobInfo) -> str:
    reason = f" ({job.reason})" if job.reason else ""
    return f"{_call(job.task, job.args, job.kwargs)} {job.state.value}{reason} in {job.queue!r}"
