"""What becomes of one of Celery's settings here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What can be said of a setting."""

    WORKS = "works"  # it does here what it does there
    ALWAYS = "always on"  # nothing can be chosen: True is taken in silence
    NEVER = "always off"  # the same with False
    UNUSED = "no effect"  # it has no meaning here, or something else does its work


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    name: str
    verdict: Verdict
    text: str  # how it works; or why it doesn't, and what to use
    to: str = ""  # the setting here that takes its value
    value: bool | None = None  # the one that always holds
    missed: bool = False  # who says it and is not heard has something to do


def works(name: str, text: str, to: str = "") -> Row:
    """A setting that does its work, under another name if `to` says one."""
    return Row(name, Verdict.WORKS, text, to or name)


def always(name: str, text: str) -> Row:
    """A setting that is always on."""
    return Row(name, Verdict.ALWAYS, text, value=True)


def never(name: str, text: str) -> Row:
    """A setting that is always off."""
    return Row(name, Verdict.NEVER, text, value=False)


def unused(names: str, text: str, *, missed: bool = False) -> tuple[Row, ...]:
    """Settings without effect, all for the same reason; names with spaces between."""
    return tuple(Row(name, Verdict.UNUSED, text, missed=missed) for name in names.split())
