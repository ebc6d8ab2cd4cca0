"""Puts what a full run found into the documents, between markers, so that nobody copies figures.

`benchmarks/README.md` holds the whole report; the project's README quotes its headlines, word by
word, which a test compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.environments import HERE
from benchmarks.latency import of_best_round

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.everybody import Found

REPORT = "latest run"  # the names of the marked places
HEADLINES = "headlines"
OURS = HERE / "README.md"
PROJECT = HERE.parent / "README.md"
BASELINES = ("taskiq", "celery")


def between(text: str, name: str) -> str:
    """What stands between the markers of this name; `ValueError` where they are missing."""
    begin, end = markers(name)
    return text[text.index(begin) + len(begin) : text.index(end)].strip()


def put_between(text: str, name: str, new: str) -> str:
    """The text with something else between the markers of this name."""
    begin, end = markers(name)
    head, tail = text[: text.index(begin)], text[text.index(end) :]
    return f"{head}{begin}\n\n{new.strip()}\n\n{tail}"


def markers(name: str) -> tuple[str, str]:
    """The comments that stand before and behind a marked place."""
    return f"<!-- {name}: written by make bench -->", f"<!-- end of {name} -->"


def publish(report: str) -> None:
    """Write a report into both documents."""
    headlines = between(report, HEADLINES)
    _rewrite(OURS, REPORT, report)
    _rewrite(PROJECT, HEADLINES, headlines)


def _rewrite(path: Path, name: str, new: str) -> None:
    path.write_text(put_between(path.read_text(), name, new))


def headlines(found: Found) -> str:
    """The three lines that matter, each with what it was measured against, as a list."""
    lines = [_rate(found), _server(found), _latency(found)]
    return "\n".join(f"* {line}" for line in lines if line)


def marked_headlines(found: Found) -> str:
    """The same between their markers."""
    begin, end = markers(HEADLINES)
    return f"{begin}\n\n{headlines(found)}\n\n{end}"


def _rate(found: Found) -> str:
    mine = found.middle("streamq", "async", "jobs_s")
    if mine is None:
        return ""
    against = []
    for key, kind in zip(BASELINES, ("async", "sync"), strict=True):
        ratio = found.ratio("streamq", [key], ("async", kind))
        if ratio is not None:
            against.append(f"{ratio:.1f} × {found.about[key]['name']}")
    of = f", {' and '.join(against)}" if against else ""
    return f"**{mine:,.0f} no-op jobs/s** of one worker process{of} in the same run."


def _server(found: Found) -> str:
    mine = found.best("streamq", "async", "redis_us")
    if mine is None:
        return ""
    others = [
        f"{found.about[key]['name']} {spent:,.0f}"
        for key in BASELINES
        for spent in [found.best(key, "async", "redis_us") or found.best(key, "sync", "redis_us")]
        if spent
    ]
    beside = f" ({', '.join(others)})" if others else ""
    sent = found.middle("streamq", "async", "sent")
    return f"**{mine:.0f} µs of Redis CPU** a job, enqueue to ack{beside}, in {sent:.2f} commands."


def _latency(found: Found) -> str:
    if not (mine := found.trips.get("streamq")):
        return ""
    others = {
        found.about[key]["name"]: of_best_round(one, 0.5) * 1e3
        for key, one in found.trips.items()
        if key != "streamq" and one
    }
    best = min(others, key=lambda name: others[name]) if others else None
    beside = f"; the quickest other, {best}, {others[best]:.2f} ms" if best else ""
    start = of_best_round(found.starts["streamq"], 0.5) * 1e3 if "streamq" in found.starts else 0
    return (
        f"**{of_best_round(mine, 0.5) * 1e3:.2f} ms from `.delay()` to its result** on an idle "
        f"worker{beside}; {start:.2f} ms to the job's start."
    )
