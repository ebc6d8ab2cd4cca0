"""Celery's priorities, as its Redis transport counts them: 0 is the highest, and holds unsaid."""

from __future__ import annotations

from streamq.holding import PRIORITY

# Its default steps are 0, 3, 6 and 9: it runs 1 and 2 as 0. Here they come after 0. A job without
# a priority is a plain one in both, and none goes before it.
_RANKS = (PRIORITY, *(3, 3), *(2, 2, 2), *(1, 1, 1), 0)


def ours(given: object) -> int:
    """Celery's priority as streamq's; raises `TypeError` or `ValueError` for what is none."""
    rule = f"priority={given!r}: must be a whole number, 0 (highest) to {len(_RANKS) - 1} (lowest)"
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(rule)
    if not 0 <= given < len(_RANKS):
        raise ValueError(rule)
    return _RANKS[given]
