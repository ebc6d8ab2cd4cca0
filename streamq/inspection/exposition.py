"""Prometheus's text format: numbers with names and labels, as any scraper reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamq.operations.tally import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamq.operations import Times

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = [*(str(2**power / 1000) for power in range(BUCKETS - 1)), "+Inf"]  # seconds


@dataclass(slots=True)
class Family:
    """All samples of one metric."""

    name: str
    kind: str  # counter, gauge, histogram
    help: str
    lines: list[str] = field(default_factory=list)

    def add(self, value: float, /, **labels: str) -> None:
        """One sample."""
        self.lines.append(f"{self.name}{_labels(labels)} {_number(value)}")

    def add_times(self, times: Times, /, **labels: str) -> None:
        """One histogram, in seconds."""
        seen = 0
        for bound, n in zip(_BOUNDS, times.buckets, strict=True):
            seen += n
            self.lines.append(f"{self.name}_bucket{_labels({**labels, 'le': bound})} {seen}")
        self.lines.append(f"{self.name}_sum{_labels(labels)} {_number(times.sum_ms / 1000)}")
        self.lines.append(f"{self.name}_count{_labels(labels)} {seen}")


def exposition(families: Iterable[Family]) -> str:
    """All of it as one text; families without samples are left out."""
    parts: list[str] = []
    for family in families:
        if family.lines:
            parts.append(f"# HELP {family.name} {_escaped(family.help, quotes=False)}")
            parts.append(f"# TYPE {family.name} {family.kind}")
            parts += family.lines
    return "".join(f"{part}\n" for part in parts)


def _labels(labels: Mapping[str, str]) -> str:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str, *, quotes: bool = True) -> str:
    """A line break or quote in a name must not end the label; half a character must be sent."""
    text = text.encode("utf-8", "replace").decode()
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\\\r")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    return repr(value)  # of a whole number without a point
