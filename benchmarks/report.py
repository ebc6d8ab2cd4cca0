"""From what was found to what is printed: a table of all queues, and the targets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.everybody import KINDS
from benchmarks.latency import of_best_round
from benchmarks.publish import marked_headlines
from benchmarks.reference import bare_rows, limit_rows
from benchmarks.rows import Row, at_least, at_most, only_told, table, targets
from benchmarks.scripts import median

if TYPE_CHECKING:
    from benchmarks.alone import Memory
    from benchmarks.bare import Rate
    from benchmarks.everybody import Found
    from benchmarks.load import Load
    from benchmarks.scripts import Growth

LEAST_ONCE = "at least"  # how the guarantee of a peer that counts begins


@dataclass
class Alone:
    """What only streamq was asked; None where it was left out."""

    enqueuing: dict[str, float] | None = None
    growth: Growth | None = None
    depths: tuple[int, int, int] = (0, 0, 0)
    two: list[tuple[Load, Load]] | None = None
    bare: list[tuple[Rate, Rate]] | None = None  # beside them, one and two bare workers
    memory: Memory | None = None
    waits: list[float] | None = None
    idle: float | None = None


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _ms(rounds: list[list[float]] | None, share: float) -> str:
    return f"{of_best_round(rounds, share) * 1e3:.2f}" if rounds else "–"


def _sent(found: Found, key: str) -> str:
    """Streamq's counted under load; the others' in a run with MONITOR."""
    if key == "streamq":
        return _number(found.middle(key, "async", "sent"), 3)
    return _number(found.sent.get(key), 1)


def _line(found: Found, key: str) -> list[str]:
    main = next((kind for kind in KINDS if (key, kind) in found.loads), "sync")
    name = found.about[key]["name"]
    return [
        f"**{name}**" if key == "streamq" else name,
        "at least" if found.about[key]["guarantee"].startswith(LEAST_ONCE) else "at most",
        *(_number(found.middle(key, kind, "jobs_s")) for kind in KINDS),
        _number(found.best(key, main, "redis_us")),
        _number(found.best(key, "result", "redis_us")),
        _number(found.best(key, main, "worker_us")),
        _sent(found, key),
        _number(found.memory.get(key)),
        _ms(found.starts.get(key), 0.5),
        _ms(found.starts.get(key), 0.99),
        _ms(found.trips.get(key), 0.5),
    ]


def side_by_side(found: Found) -> str:
    """All queues: rates are medians of the rounds, CPU and latency those of the best round."""
    head = (
        *("queue", "runs a job", "async jobs/s", "sync jobs/s", "with results/s"),
        *("Redis µs/job", "with results", "worker µs/job", "commands sent/job", "bytes waiting"),
        *("idle start p50 ms", "p99 ms", "round trip p50 ms"),
    )
    return table(head, [_line(found, key) for key in found.about])


def settings(found: Found) -> str:
    """Versions, guarantee and settings of each."""
    lines = []
    for about in found.about.values():
        versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
        lines.append((about["name"], versions, about["guarantee"], about["settings"]))
    return table(("queue", "versions", "guarantee", "settings"), lines)


def _ratios(found: Found) -> list[Row]:
    others = [
        key
        for key, about in found.about.items()
        if key != "streamq" and about["guarantee"].startswith(LEAST_ONCE)
    ]
    asked = (
        ("jobs/s, async, of the fastest at-least-once peer", others, ("async", "async"), 10),
        ("jobs/s, async, of Celery prefork", ["celery"], ("async", "sync"), 30),
        ("jobs/s, sync, of Taskiq's", ["taskiq"], ("sync", "sync"), 10),
        ("jobs/s, sync, of Celery prefork", ["celery"], ("sync", "sync"), 30),
        ("jobs/s with results, of the fastest peer", others, ("result", "result"), 8),
    )
    rows = []
    for measure, against, kinds, bound in asked:
        ratio = found.ratio("streamq", against, kinds)
        if ratio is not None:
            rows.append(at_least(measure, ratio, bound, " ×"))
    return rows


def _costs(found: Found) -> list[Row]:
    rows = []
    for kind, bound in (("async", 20), ("sync", 20), ("result", 26)):
        spent = found.best("streamq", kind, "redis_us")
        if spent is not None:
            rows.append(at_most(f"Redis CPU per job, enqueue to ack, {kind}", spent, bound, " µs"))
    sent = found.middle("streamq", "async", "sent")
    if sent is not None:
        rows.append(at_most("Redis commands sent per job under load", sent, 0.1))
    if "streamq" in found.memory:
        rows.append(at_most("Redis memory per waiting job", found.memory["streamq"], 280, " bytes"))
    return rows


def _enqueuing(alone: Alone) -> list[Row]:
    if not (found := alone.enqueuing):
        return []
    return [
        at_least("enqueue one by one, of a bare SET loop", found["of_set"], 0.85, " ×"),
        at_least("enqueue many, of one by one", found["of_once"], 10, " ×"),
    ]


def _latencies(found: Found) -> list[Row]:
    rows = []
    for measure, sample, bounds in (
        ("idle enqueue to start", found.starts, ((0.5, 0.8), (0.99, 4.0))),
        ("round trip .delay().get()", found.trips, ((0.5, 1.3),)),
    ):
        mine = sample.get("streamq")
        if not mine:
            continue
        for share, bound in bounds:
            value = of_best_round(mine, share) * 1e3
            rows.append(at_most(f"{measure}, p{share * 100:.0f}", value, bound, " ms"))
        others = {
            found.about[key]["name"]: of_best_round(one, 0.5) * 1e3
            for key, one in sample.items()
            if key != "streamq" and one
        }
        if others:
            best = min(others, key=lambda name: others[name])
            value = of_best_round(mine, 0.5) * 1e3
            rows.append(
                Row(
                    f"{measure}, p50, below every peer's",
                    f"< {others[best]:.2f} ms ({best})",
                    f"{value:.2f} ms",
                    value < others[best],
                )
            )
        rows += bare_rows(found, measure)
    return rows


def _depth(alone: Alone) -> list[Row]:
    if not alone.growth:
        return []
    waiting, scheduled, dead = alone.depths
    about = f"with {waiting:,} waiting, {scheduled:,} scheduled, {dead:,} dead, of 1,000 each"
    inner = [
        sum(cost.inner for cost in one.values()) for one in (alone.growth.deep, alone.growth.small)
    ]
    return [
        at_most(f"Redis CPU per job {about}", alone.growth.ratio, 1.4, " ×"),
        at_most("the same, commands inside the scripts", inner[0] / inner[1], 1, " ×"),
    ]


def _workers(alone: Alone) -> list[Row]:
    rows = []
    if alone.two:
        ratio = median([two.jobs_s / one.jobs_s for one, two in alone.two])
        rows.append(at_least("jobs/s of two worker processes, of one", ratio, 1.3, " ×"))
        rows += limit_rows([two for _, two in alone.two], alone.bare)
    if alone.memory:
        found = alone.memory
        rows += [
            at_most("memory of an idle worker process", found.idle, 45, " MiB"),
            at_most(f"growth after {found.jobs:,} jobs", found.after - found.idle, 5, " MiB"),
            only_told("memory of the supervisor", f"{found.supervisor:.1f} MiB"),
        ]
    if alone.waits:
        measure = "longest wait of a short job behind long ones, places free"
        rows.append(at_most(measure, max(alone.waits) * 1e3, 100, " ms"))
    if alone.idle is not None:
        rows.append(at_most("commands per second of an idle worker", alone.idle, 5))
    return rows


def all_targets(found: Found, alone: Alone) -> list[Row]:
    """Every target, in the order of the issue."""
    return [
        *_ratios(found),
        *_costs(found),
        *_enqueuing(alone),
        *_latencies(found),
        *_depth(alone),
        *_workers(alone),
    ]


def report(found: Found, alone: Alone, machine: str, server: str, rounds: int) -> str:
    """The whole of it, in Markdown."""
    bare = f"{median(found.bare):,.0f}" if found.bare else "–"
    spread = f"{min(found.bare):,.0f} to {max(found.bare):,.0f}" if found.bare else "–"
    weather = (
        f"{time.strftime('%Y-%m-%d')}; {machine}; {server} on loopback, no persistence; {rounds} "
        "interleaved rounds: rates are medians, CPU and latency those of the best round. A bare "
        f"redis-py `SET` loop between the runs gave {bare} commands/s ({spread}): that is how "
        "steady the machine was."
    )
    parts = [
        weather,
        marked_headlines(found),
        side_by_side(found),
        "### Targets",
        "All on a server without persistence; ratios are taken within a round of this run.",
        targets(all_targets(found, alone)),
        "### Versions and settings",
        settings(found),
    ]
    if found.failed:
        parts.append(table(("not measured", "why"), list(found.failed.items())))
    return "\n\n".join(parts) + "\n"
