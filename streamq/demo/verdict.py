"""What came out of the demo, and whether it is what must come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.terminal import Column, bold, red, table

if TYPE_CHECKING:
    from collections import Counter

    from streamq.inspection import AuditReport, QueueInfo

_COMMONEST = 10


@dataclass(frozen=True, slots=True)
class Facts:
    """Counted by different people: the jobs' results, the files' own runs, the server."""

    files: int
    finished: int  # jobs whose result was read
    found: Counter[str]  # the index that the jobs made
    expected: Counter[str]  # the same, computed directly
    hiccups: int  # files that failed on their first attempt
    runs: int  # times that the task's function was entered
    queue: QueueInfo
    audit: AuditReport
    seconds: float  # from the first enqueue to the last result

    @property
    def succeeded(self) -> int:
        """Acknowledged, as the server counted it; never twice for one job."""
        return self.queue.counters.get("succeeded", 0)

    @property
    def attempts(self) -> int:
        """Runs that came to an end, well or badly."""
        return self.succeeded + self.queue.counters.get("retried", 0)

    @property
    def repeated(self) -> int:
        """Runs that the kill cut off, so that they were run once more."""
        return self.runs - self.attempts

    @property
    def lost(self) -> int:
        """Jobs that were accepted and have no end."""
        return self.files - self.finished


def judge(facts: Facts) -> bool:
    """Whether all is as it must be."""
    return (
        facts.found == facts.expected
        and facts.audit.clean
        and facts.lost == 0
        and facts.succeeded == facts.files
        and facts.queue.pending + facts.queue.dead == 0
        and facts.repeated >= 0
    )


def verdict_text(facts: Facts) -> str:
    """The commonest identifiers and the numbers."""
    rows = [(name, f"{number:,}") for name, number in facts.found.most_common(_COMMONEST)]
    counted = f"({facts.found.total():,} identifiers, {len(facts.found):,} different)"
    equal = "equal to" if facts.found == facts.expected else red("DIFFERS from")
    audit = "clean" if facts.audit.clean else red("BROKEN")
    lines = [
        "",
        table([Column("IDENTIFIER"), Column("COUNT", right=True)], rows),
        "",
        f"jobs       {_jobs(facts)}",
        f"attempts   {facts.attempts:,}: {facts.hiccups} failed the first time, and were retried",
        f"runs       {facts.runs:,}: {facts.repeated} were cut off by the kill, and done again",
        f"acks       {_acks(facts)}",
        f"index      {equal} the one computed directly {counted}",
        f"audit      {audit}, {facts.audit.members:,} members looked at",
        f"time       {facts.seconds:.1f} s, {facts.files / facts.seconds:,.0f} jobs a second",
        *(red(f"violation: {one}") for one in facts.audit.violations[:5]),
        "",
        bold("All is well.") if judge(facts) else red("Something is wrong."),
    ]
    return "\n".join(lines)


def _jobs(facts: Facts) -> str:
    ended = f"{facts.succeeded:,} succeeded, {facts.lost} lost, {facts.queue.dead} dead"
    return f"{facts.files:,}; {ended}"


def _acks(facts: Facts) -> str:
    if facts.succeeded == facts.files:
        return f"{facts.succeeded:,}: exactly one for each job"
    return red(f"{facts.succeeded:,} for {facts.files:,} jobs")
