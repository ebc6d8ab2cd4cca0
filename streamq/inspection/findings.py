"""What was found wrong, and the cure for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much something matters."""

    WARNING = "warning"  # a finding: somebody should do something
    INFO = "info"  # worth knowing, nothing to do


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend."""

    subject: str  # eviction, persistence, memory, version, queue …, worker …
    problem: str  # one line
    fix: str  # one line, what to do
    level: Level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth knowing, which wants no cure."""

    subject: str  # as of a finding
    text: str  # one line
    level: Level = Level.INFO


def jobs_are(number: int) -> str:
    """So many, and the verb that fits."""
    return f"{number:,} {'job is' if number == 1 else 'jobs are'}"
