"""What `streamq stats` draws."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from streamq.cli.wording import ago
from streamq.terminal import Column, bold, table

if TYPE_CHECKING:
    from streamq.inspection import Stats, TaskStats, Took

_BLOCKS, _PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_TIMES = ("P50", "P95", "P99")


def stats_text(found: Stats) -> str:
    """A chart of rates, a row for each thing that happened, and a table of tasks."""
    if not found.tasks:
        return f"Nothing was done since {found.since.astimezone():%Y-%m-%d %H:%M}."
    return f"{_chart(found)}\n\n{_table(found.tasks)}"


def _chart(found: Stats) -> str:
    rows = [(kind, numbers) for kind, numbers in found.series.items() if any(numbers)]
    minutes = len(next(iter(found.series.values()))) * found.step_seconds / 60
    begin, end = (moment.astimezone() for moment in (found.since, found.until))
    title = f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M}, a column is {ago(found.step_seconds)}"
    lines = [bold(title)]
    for kind, numbers in rows:
        total = sum(numbers)
        lines.append(f"{kind:>9} |{bars(numbers)}| {total:,} ({total / minutes:,.1f}/min)")
    return "\n".join(lines)


def bars(numbers: list[int]) -> str:
    """A column for each number, as high as it is beside the largest; what is not 0 is seen."""
    levels = _BLOCKS if _can_show(_BLOCKS) else _PLAIN
    top = max(numbers, default=0)
    return "".join(levels[-(-n * (len(levels) - 1) // top)] if n else levels[0] for n in numbers)


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _table(tasks: list[TaskStats]) -> str:
    columns = [Column("TASK", cut=True), Column("QUEUE", cut=True)]
    columns += [Column(it, right=True) for it in ("STARTED", "DONE", "RETRIED", "DEAD")]
    columns += [Column(f"{what} {it}", right=True) for what in ("WAIT", "RUN") for it in _TIMES]
    return table(columns, [_row(task) for task in tasks])


def _row(task: TaskStats) -> list[str]:
    kinds = ("started", "succeeded", "retried", "dead")
    counts = [f"{task.counts[kind]:,}" for kind in kinds]
    return [task.task, task.queue, *counts, *_times(task.waited), *_times(task.ran)]


def _times(one: Took | None) -> list[str]:
    return [""] * 3 if one is None else [ago(seconds) for seconds in (one.p50, one.p95, one.p99)]
