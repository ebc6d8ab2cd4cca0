"""How fast jobs have been ending lately."""

from __future__ import annotations

_WINDOW_S = 0.1


class Rate:
    """Events per second over the last 100 to 200 ms; `now` is monotonic seconds."""

    __slots__ = ("_before", "_count", "_since")

    def __init__(self) -> None:
        self._before = 0  # of the window before this one
        self._count = 0
        self._since = 0.0  # when this window began

    def note(self, count: int, now: float) -> None:
        """So many more."""
        age = now - self._since
        if age >= _WINDOW_S:
            self._before = self._count if age < 2 * _WINDOW_S else 0
            self._count = 0
            self._since = now
        self._count += count

    def per_second(self, now: float) -> float:
        """The rate; what is over 300 ms ago counts for nothing."""
        age = now - self._since
        if age >= 3 * _WINDOW_S:
            return 0.0
        return (self._before + self._count) / (_WINDOW_S + age)

    def forget(self) -> None:
        """Begin anew: what was is no guide to what comes."""
        self._before = self._count = 0
