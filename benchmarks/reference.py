"""What bounds a figure, beside it: the bare loop of the same round trips, and who was how busy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks.latency import of_best_round
from benchmarks.rows import only_told
from benchmarks.scripts import median

if TYPE_CHECKING:
    from benchmarks.bare import Rate
    from benchmarks.everybody import Found
    from benchmarks.load import Load
    from benchmarks.rows import Row

BARE = "a bare loop of the same scripts"


def bare_rows(found: Found, measure: str) -> list[Row]:
    """The same round trips with no client and no worker around them, in the same rounds."""
    rounds = found.bare_starts if measure.startswith("idle") else found.bare_trips
    if not rounds:
        return []
    middle, worst = (of_best_round(rounds, share) * 1e3 for share in (0.5, 0.99))
    return [only_told(f"{measure}, {BARE}", f"p50 {middle:.2f} ms, p99 {worst:.2f} ms")]


def limit_rows(loads: list[Load], bare: list[tuple[Rate, Rate]] | None) -> list[Row]:
    """What two worker processes are bound by: how busy Redis's one thread was, and they were."""
    redis = median([one.redis_busy for one in loads])
    worker = median([one.jobs_s * one.worker_us / 1e6 / 2 for one in loads])
    waits = median([one.redis_waits for one in loads])
    rows = [
        only_told("Redis's CPU with two worker processes, of one core", f"{redis * 100:.0f} %"),
        only_told("Redis ready to run, no core free", f"{waits * 100:.0f} % of the time"),
        only_told("each of the two worker processes, of one core", f"{worker * 100:.0f} %"),
        only_told("all three, of the machine's cores", _share(redis + 2 * worker)),
    ]
    if bare:
        ratio = median([two.jobs_s / one.jobs_s for one, two in bare])
        rate, busy = (
            median([getattr(two, what) for _, two in bare]) for what in ("jobs_s", "redis_busy")
        )
        told = f"{ratio:.2f} ×, {rate:,.0f}/s, Redis {busy * 100:.0f} % of a core"
        rows.append(only_told(f"two processes of one, {BARE}", told))
    return rows


def _share(cores: float) -> str:
    return f"{cores:.2f} of {os.cpu_count()} cores"
