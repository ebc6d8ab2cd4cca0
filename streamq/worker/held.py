"""What is in a worker's hands: the leases of its claims, the jobs under them, how they ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from streamq.operations import Ack, Again, Burial, HandBack, Stray, Throttled

if TYPE_CHECKING:
    from streamq.operations import ClaimedJob
    from streamq.worker.interrupting import Why

Outcome: TypeAlias = Ack | Again | Burial | HandBack | Stray | Throttled


@dataclass(slots=True, eq=False)
class Lease:
    """The right to run the jobs of one claim; held while one of them is unsettled."""

    queue: str
    token: str
    left: int  # jobs of it that are not settled yet
    now_ms: int  # the server's clock when it was claimed
    since: float  # monotonic, the same moment
    lost: bool = False  # someone else has its jobs now; said once

    def server_ms(self) -> float:
        """The server's clock now, whatever ours says."""
        return self.now_ms + (time.monotonic() - self.since) * 1000


@dataclass(slots=True, eq=False)
class Held:
    """A job in this worker's hands."""

    job: ClaimedJob
    lease: Lease
    thread: int = 0  # on which its function runs now, where it is a plain one; its `get_ident()`
    told: Why | None = None  # to stop, and why
    trace_id: str = ""  # that it was enqueued in; for the log

    @property
    def due(self) -> float:
        """Monotonic; when it may start: since its claim, but where a rate said later."""
        return self.lease.since + self.job.delay_us / 1e6


@dataclass(slots=True, eq=False)
class Ended:
    """A job that this worker is done with, and what it says to the server about it."""

    held: Held
    outcome: Outcome
    seconds: float = 0.0  # that it ran; 0 if it didn't
    error: BaseException | None = None  # what it raised; for the log
    problem: str = ""  # with the task's own backoff function, or its process; for the log
    is_logged: bool = False  # where it ran
