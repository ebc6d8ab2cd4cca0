"""What follows from the end of a server's life. Decisions only: no process, no clock."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from streamq.embedded.disk import speaks_of_full_disk

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEADY = 30.0  # seconds of life after which its troubles are forgotten
_HOPELESS = 5  # lives in a row that never served
_CAP = 10.0  # seconds between two lives at most


class Ending(enum.Enum):
    """Why we stopped watching."""

    ITSELF = "it ended by itself"
    ASKED = "asked to end"
    IDLE = "no client for the idle time"
    REMOVED = "its data directory was removed"
    DEAF = "its socket was removed"


class Verdict(enum.Enum):
    """What the keeper does next."""

    END = "end too"
    AGAIN = "start it again after a pause"
    DISK_FULL = "start it again when there is room"
    FAILED = "give up"


class Troubles:
    """Counts a server's bad lives in a row, and says how long to wait for the next."""

    def __init__(self) -> None:
        self.ever_served = False
        self.unserved = 0  # lives in a row in which it never served
        self._pauses = 0

    def lived(self, seconds: float, *, served: bool) -> None:
        """Take note of a life."""
        self.ever_served |= served
        self.unserved = 0 if served else self.unserved + 1
        if served and seconds >= _STEADY:
            self._pauses = 0

    @property
    def fresh(self) -> bool:
        """Whether there was no trouble lately."""
        return self._pauses == 0

    def pause(self) -> float:
        """Seconds to wait before the next life: 0.05, doubling, up to 10."""
        self._pauses += 1
        return float(min(_CAP, 0.05 * 2 ** (self._pauses - 1)))

    @property
    def hopeless(self) -> bool:
        """Whether to stop trying: at once if it never served, else after a few lives."""
        return not self.ever_served or self.unserved >= _HOPELESS


def judge(
    ending: Ending, code: int, tail: Sequence[str], troubles: Troubles
) -> tuple[Verdict, str]:
    """Decide what follows, and say why; `code` is the exit code, `tail` the last lines it said."""
    if ending is Ending.DEAF:
        return Verdict.AGAIN, ending.value
    if ending is not Ending.ITSELF:
        return Verdict.END, ending.value
    if speaks_of_full_disk(tail):
        return Verdict.DISK_FULL, "disk full"
    if code == 0:  # a SHUTDOWN or SIGTERM that someone meant
        return Verdict.END, "the server was shut down"
    served = troubles.unserved == 0
    if not served and troubles.hopeless and (code > 0 or troubles.ever_served):
        last = "\n".join(list(tail)[-3:])
        return Verdict.FAILED, f"The embedded server does not start (exit code {code}):\n{last}"
    how = f"was killed by signal {-code}" if code < 0 else f"failed (exit code {code})"
    return Verdict.AGAIN, f"the server {how}"
