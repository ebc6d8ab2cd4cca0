"""Seconds and other numbers, as options and settings take them: checked, and refused kindly."""

from __future__ import annotations

import math
from datetime import timedelta

LONGEST_S = 10 * 365 * 86400.0  # ten years: what no delay exceeds, so that due times stay exact


def seconds(given: object, what: str) -> float:
    """A number or timedelta as seconds, 0 up to ten years; `what` names it in the message."""
    if isinstance(given, timedelta):
        return seconds(given.total_seconds(), what)
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(f"{what}: must be seconds or a timedelta, not {given!r}")
    if not 0 <= given <= LONGEST_S:
        raise ValueError(f"{what}: must be 0 seconds to ten years, not {given!r}")
    return float(given)


def number(given: object, what: str, least: float, most: float, rule: str) -> float:
    """The number, within bounds and finite; `rule` says which ones are."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(f"{what}: must be a number, {rule}, not {given!r}")
    if not least <= given <= most or math.isinf(given):
        raise ValueError(f"{what}: must be {rule}, not {given!r}")
    return float(given)
