"""What was found wrong, and the cure for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    WARNING = "warning"  # jobs may be lost, or don't run
    NOTE = "note"  # worth knowing


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend."""

    level: Level
    subject: str  # eviction, persistence, memory, version, queue …, worker …
    problem: str  # one line
    fix: str  # one line, what to do


def jobs_are(number: int) -> str:
    """So many, and the verb that fits."""
    return f"{number:,} {'job is' if number == 1 else 'jobs are'}"
