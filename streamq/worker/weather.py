"""The server comes and goes: said once each time, and waited out with growing pauses."""

from __future__ import annotations

import logging
import time

from streamq.errors import (
    BrokerRefused,
    BrokerUnavailable,
    DamagedQueue,
    SchemaMismatch,
    ScriptError,
)
from streamq.jitter import jitter

log = logging.getLogger("streamq.worker")

FIRST_PAUSE_S = 0.05
DAMAGE_AGAIN_S = 60.0  # until it is said once more
LONGEST_PAUSE_S = 1.0  # so that work goes on within a second or two of the recovery

# What waiting may mend. A wrong password or a missing right too: someone is changing it.
TROUBLE = (BrokerUnavailable, BrokerRefused)
FATAL = (ScriptError, SchemaMismatch)  # refused, and no waiting makes it better


class Weather:
    """Whether the server answers, as the duties of one worker see it."""

    def __init__(self) -> None:
        self._lost_at: float | None = None  # monotonic
        self._failures = 0
        self._damage: dict[str, float] = {}  # what was said of damaged keys, and when

    @property
    def is_fine(self) -> bool:
        """Whether the last call was answered."""
        return self._lost_at is None

    def failed(self, error: Exception) -> float:
        """Note a call that wasn't answered; returns seconds to wait. Raises what is fatal."""
        if isinstance(error, DamagedQueue):
            return self._damaged(str(error))
        if isinstance(error, FATAL):
            raise error
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            why = str(error).partition("\n")[0]  # the rest says how to begin, and we have
            log.warning("the server is lost; jobs go on, and their outcomes wait: %s", why)
        self._failures += 1
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures, 10))
        return jitter.uniform(longest / 2, longest)

    def _damaged(self, text: str) -> float:
        """Someone must mend a key; other queues, and calls without that key, go on meanwhile."""
        now, what = time.monotonic(), text.partition("\n")[2]  # the first line says which script
        if now - self._damage.get(what, -DAMAGE_AGAIN_S) >= DAMAGE_AGAIN_S:
            self._damage[what] = now
            log.error("%s", text)
        return LONGEST_PAUSE_S

    def answered(self) -> None:
        """Note a call that was answered."""
        if self._lost_at is not None:
            log.warning("the server is back after %.1f s", time.monotonic() - self._lost_at)
            self._lost_at = None
            self._failures = 0
