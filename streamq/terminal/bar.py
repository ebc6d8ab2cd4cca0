"""How far something is: a bar on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
import time
from threading import Lock
from typing import TYPE_CHECKING

from streamq.terminal.tables import printable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_WIDTH = 30  # columns of the bar itself
_TITLE = 40  # characters of what stands before it
_LARGE = 1e15  # numbers from which on only the first digits are shown
_EVERY = 0.1  # seconds between two pictures on a terminal
_LINE_EVERY = 2.0  # seconds between two lines elsewhere


class Bar:
    """Progress on stderr; a context manager. Shows nothing for what is done at once.

    `total` 0: it isn't known.
    """

    def __init__(self, total: float, title: str = "", *, quiet: bool = False) -> None:
        self.total = total
        self.title = title
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._shown = time.monotonic()
        self._drawn = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._clear()

    def at(self, done: float) -> None:
        """So many are done."""
        now = time.monotonic()
        if self._quiet or now - self._shown < (_EVERY if self._terminal else _LINE_EVERY):
            return
        self._shown = now
        with self._lock:
            self._write(done)

    def say(self, line: str) -> None:
        """A line of text on stdout, above the bar; from any thread."""
        with self._lock:
            self._clear()
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._drawn = False

    def _write(self, done: float) -> None:
        text = f"{_title(self.title)} {self._numbers(done)}"
        if self._terminal:
            sys.stderr.write(f"\r\033[K{text}")
            self._drawn = True
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _numbers(self, done: float) -> str:
        if not self.total:  # nobody knows
            return _short(done)
        share = max(0.0, min(1.0, done / self.total))
        numbers = f"{_short(done)}/{_short(self.total)}"
        if not self._terminal:
            return f"{numbers} ({share:.0%})"
        full = round(_WIDTH * share)
        return f"{'█' * full}{'░' * (_WIDTH - full)} {share:4.0%} {numbers}"


def _title(text: str) -> str:
    """On one line, with room for the bar beside it."""
    return printable(text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…")


def _short(number: float) -> str:
    """As people write it, where that isn't too long."""
    is_whole = abs(number) < _LARGE and number == int(number)
    return f"{int(number):,}" if is_whole else f"{number:.6g}"
