"""How far something is: a bar on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_WIDTH = 30  # columns of the bar itself
_EVERY = 0.1  # seconds between two pictures on a terminal
_LINE_EVERY = 2.0  # seconds between two lines elsewhere


class Bar:
    """Progress on stderr; a context manager. Shows nothing for what is done at once.

    `total` 0: it isn't known.
    """

    def __init__(self, total: int, title: str = "", *, quiet: bool = False) -> None:
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

    def at(self, done: int) -> None:
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

    def _write(self, done: int) -> None:
        text = f"{self.title} {self._numbers(done)}"
        if self._terminal:
            sys.stderr.write(f"\r\033[K{text}")
            self._drawn = True
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _numbers(self, done: int) -> str:
        if not self.total:  # nobody knows
            return f"{done:,}"
        share = min(1.0, done / self.total)
        numbers = f"{done:,}/{self.total:,}"
        if not self._terminal:
            return f"{numbers} ({share:.0%})"
        full = round(_WIDTH * share)
        return f"{'█' * full}{'░' * (_WIDTH - full)} {share:4.0%} {numbers}"
