"""What a job says in eager mode: kept with its result, for those who read along afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from streamq.job import LogLine
from streamq.operations import Outcome

if TYPE_CHECKING:
    from streamq.codec import Codec
    from streamq.job import Progress


@dataclass(slots=True)
class SaidHere:
    """Of all its runs; encoded as a worker would, so that what can't be sent is refused here too.

    It is what `RunningJob.report` calls.
    """

    codec: Codec
    chunks: list[bytes] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    progress: Progress | None = None
    kept: bytes = b""  # the last checkpoint; empty: none

    def __call__(self, what: str, value: Any) -> Any:
        """Take it down, as the worker's reporter would."""
        if what == "progress":
            self.progress = value
        elif what == "log":
            self.lines.append(LogLine(datetime.now(UTC), value))
        elif what == "chunk":
            self.chunks.append(self.codec.encode_value(value, what=what))
        elif what != "child":  # which has run by now
            self.kept = self.codec.encode_value(value, what="checkpoint")
            return _done() if what == "acheckpoint" else True
        return None

    @property
    def restored(self) -> Any:
        """What the next run begins with."""
        return self.codec.decode_value(self.kept) if self.kept else None


@dataclass(frozen=True, slots=True)
class RanHere(Outcome):
    """How a job ended that ran here, and what it said."""

    said: SaidHere = field(kw_only=True)


async def _done() -> bool:
    return True
