"""A line of the table: what was measured, what it should be, whether it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Row:
    """One measure beside its target."""

    measure: str
    target: str
    value: str
    holds: bool | None  # None: nothing to compare with
    hard: bool = False  # a count or a ratio: `make bench-quick` fails when it is broken

    @property
    def verdict(self) -> str:
        """Whether the target holds, in a word."""
        return "–" if self.holds is None else "yes" if self.holds else "**no**"


def at_most(measure: str, value: float, bound: float, unit: str = "", *, hard: bool = False) -> Row:
    """A measure that must not be higher."""
    return Row(measure, f"≤ {_n(bound)}{unit}", f"{_n(value)}{unit}", value <= bound, hard)


def at_least(
    measure: str, value: float, bound: float, unit: str = "", *, hard: bool = False
) -> Row:
    """A measure that must not be lower."""
    return Row(measure, f"≥ {_n(bound)}{unit}", f"{_n(value)}{unit}", value >= bound, hard)


def only_told(measure: str, value: str) -> Row:
    """A measure with no target."""
    return Row(measure, "", value, None)


def _n(value: float) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 3  # noqa: PLR2004
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits == 3 else f"{value:,.{digits}f}"  # noqa: PLR2004


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    body = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in body)


def targets(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [(row.measure, row.target, row.value, row.verdict) for row in rows]
    return table(("measure", "target", "measured", "holds"), lines)
