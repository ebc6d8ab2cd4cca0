"""What `app.queue(…)` declares of a queue: how much it may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from streamq.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST = 2**53  # what scripts count exactly


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """What was said of one queue; checked."""

    max_jobs: int | None = None  # that have not ended
    max_bytes: int | None = None  # of their encoded arguments
    on_full: Literal["raise", "block"] = "raise"

    def budget(self, patience: float) -> QueueBudget | None:
        """What its budgets mean for a call that has so many seconds; None: there are none."""
        if self.max_jobs is None and self.max_bytes is None:
            return None
        waits = patience if self.on_full == "block" else 0.0
        return QueueBudget(Budget(self.max_jobs, self.max_bytes), waits)


@dataclass(frozen=True, slots=True)
class QueueBudget:
    """How much a queue may hold, and how long a call waits for room."""

    most: Budget
    patience: float  # seconds


def queue_options(given: Mapping[str, Any], where: str) -> QueueOptions:
    """Checked; an unknown name is a `TypeError`, a bad value a `TypeError` or `ValueError`."""
    checked: dict[str, Any] = {}
    for name, value in given.items():
        check = _CHECKS.get(name)
        if check is None:
            from streamq.option_checks import nearest  # noqa: PLC0415 - only for a mistake

            raise TypeError(f"{where}: unknown option {name!r}{nearest(name, _CHECKS)}")
        if value is None:
            continue
        try:
            checked[name] = check(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from None
    if "on_full" in checked and not {"max_jobs", "max_bytes"} & checked.keys():
        raise TypeError(f"{where}: on_full= says what a full queue does; say when: max_jobs=…")
    return QueueOptions(**checked)


def most(name: str) -> Callable[[object], int]:
    """The check of a budget."""

    def check(given: object) -> int:
        if isinstance(given, bool) or not isinstance(given, int):
            raise TypeError(f"{name}={given!r}: must be a whole number, 1 or more")
        if not 1 <= given <= _MOST:
            raise ValueError(f"{name}={given}: must be 1 or more; leave it out for any number")
        return given

    return check


def on_full(given: object) -> str:
    """What happens to a call that a queue has no room for."""
    if given not in ("raise", "block"):
        raise ValueError(f"on_full={given!r}: must be 'raise' or 'block' (wait for room)")
    return str(given)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "max_jobs": most("max_jobs"),
    "max_bytes": most("max_bytes"),
    "on_full": on_full,
}
