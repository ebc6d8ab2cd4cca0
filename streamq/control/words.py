"""What became of a job that someone acted on."""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """Per job; only `DONE` changed anything."""

    DONE = "OK"
    TAKEN = "TAKEN"  # another job has its unique key: left dead
    ENDED = "ENDED"  # it has ended, is not dead, or was never known: nothing to do


class Told(StrEnum):
    """What came of telling a worker something; true where it was told."""

    DONE = "OK"
    ALREADY = "ALREADY"  # it was told that before
    UNKNOWN = "UNKNOWN"  # no such worker lives

    def __bool__(self) -> bool:
        return self is not Told.UNKNOWN
