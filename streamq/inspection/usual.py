"""How long a task's jobs usually take: from the summaries of its last runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.asking import Command
from streamq.inspection.reason import span

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question

_RUNS = 200  # looked at
_ENOUGH = 5  # runs that say something
_FAR = 3.0  # times the longest of them
_LEAST = 1.0  # seconds over the longest, or a task of milliseconds is called slow by a hiccup


@dataclass(frozen=True, slots=True)
class Usual:
    """Of the last runs of a task that ended well."""

    runs: int
    median: float  # seconds
    longest: float  # seconds

    @property
    def text(self) -> str:
        """In a few words."""
        return (
            f"{span(self.median)} as a rule, at most {span(self.longest)} in its last "
            f"{self.runs} runs"
        )

    def is_far_beyond(self, seconds: float) -> bool:
        """Whether a run of so many seconds is none of the usual ones any more."""
        return seconds > max(_FAR * self.longest, self.longest + _LEAST)


def usual_question(app: StreamQ, queue: str, task: str) -> Question[Usual | None]:
    """How long jobs of a task took lately; None where too few have ended well."""
    key = app.keys(queue).ended(task)
    lines = yield Command(("LRANGE", key, 0, _RUNS - 1), key)
    times = sorted(seconds for line in lines if (seconds := _seconds(line)) is not None)
    if len(times) < _ENOUGH:
        return None
    return Usual(len(times), times[len(times) // 2], times[-1])


def _seconds(line: bytes) -> float | None:
    """Of `id kind attempts run_ms ended_ms`, where it ended well."""
    parts = line.split(b" ")
    fine = len(parts) > 4 and parts[1] in {b"ok", b"none"} and parts[3].isdigit()  # noqa: PLR2004
    return int(parts[3]) / 1000 if fine else None
