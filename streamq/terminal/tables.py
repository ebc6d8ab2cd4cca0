"""Tables on a terminal: aligned, as wide as it is, and safe whatever the data holds."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = "  "
_LEAST = 8  # columns of the terminal that a cut cell keeps
_BOLD, _DIM, _RED, _PLAIN = "\033[1m", "\033[2m", "\033[31m", "\033[0m"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    right: bool = False  # numbers
    cut: bool = False  # may be cut where the terminal is narrow


def printable(text: object) -> str:
    """The text with control characters, bidi marks and the like made visible."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode("ascii")


def width_of(text: str) -> int:
    """How many columns of a terminal it takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def table(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> str:
    """The rows under their titles; cut to the terminal's width where it is one."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [
        max([width_of(column.title), *(width_of(row[at]) for row in cells)])
        for at, column in enumerate(columns)
    ]
    _fit(columns, widths, terminal_width())
    titles = _line(columns, [column.title for column in columns], widths)
    return "\n".join([bold(titles), *(_line(columns, row, widths) for row in cells)])


def _fit(columns: Sequence[Column], widths: list[int], room: int | None) -> None:
    if room is None:
        return
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    while over > 0:
        able = [at for at, c in enumerate(columns) if c.cut and widths[at] > _LEAST]
        if not able:
            return
        widest = max(able, key=lambda at: widths[at])
        widths[widest] -= 1
        over -= 1


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for column, cell, width in zip(columns, cells, widths, strict=True):
        text = cut(cell, width)
        space = " " * (width - width_of(text))
        padded.append(space + text if column.right else text + space)
    return _GAP.join(padded).rstrip()


def cut(text: str, width: int) -> str:
    """The text in at most so many columns, … at its end where something is missing."""
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for c in text:
        used += width_of(c)
        if used > width - 1:
            break
        kept += c
    return kept + "…"


def terminal_width() -> int | None:
    """Columns of the terminal; None where the output goes elsewhere and is not to be cut."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return int(os.environ["COLUMNS"])
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def bold(text: str) -> str:
    """For titles."""
    return _coloured(text, _BOLD)


def dim(text: str) -> str:
    """For what is beside the point."""
    return _coloured(text, _DIM)


def red(text: str) -> str:
    """For what is wrong."""
    return _coloured(text, _RED)


def _coloured(text: str, how: str) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain or not sys.stdout.isatty() else f"{how}{text}{_PLAIN}"
