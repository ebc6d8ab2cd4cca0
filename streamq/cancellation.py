"""What became of a job that somebody cancelled."""

from __future__ import annotations

from enum import StrEnum


class Cancellation(StrEnum):
    """True where the job is cancelled, or will be unless it ends by itself first."""

    CANCELLED = "cancelled"  # it had not started and is gone, or was cancelled before
    ASKED = "asked"  # it runs: its worker ends it; succeeds or dies, if that comes first
    DEAD = "dead"  # it is dead: left alone
    ENDED = "ended"  # it has ended: nothing to do
    UNKNOWN = "unknown"  # nobody knows it: it never was, or its result is past its time

    def __bool__(self) -> bool:
        return self in {Cancellation.CANCELLED, Cancellation.ASKED}


_WORDS = {
    "OK": Cancellation.CANCELLED,
    "ASKED": Cancellation.ASKED,
    "DEAD": Cancellation.DEAD,
    "ENDED": Cancellation.ENDED,
    "UNKNOWN": Cancellation.UNKNOWN,
}


def cancellation(word: str) -> Cancellation:
    """What a word of the script `cancel` says."""
    return _WORDS[word]
