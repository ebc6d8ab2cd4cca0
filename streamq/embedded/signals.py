"""The keeper's ears: signals and file descriptors, waited for at once."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType


class Signals:
    """SIGTERM and SIGINT ask to end, SIGCHLD wakes, SIGHUP means nothing here.

    For the main thread of the keeper's process, whose signals are its own.
    """

    def __init__(self) -> None:
        self.asked_to_end = False
        self._ears, self._mouth = os.pipe()
        for fd in (self._ears, self._mouth):
            os.set_blocking(fd, False)

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGCHLD, _wake)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)

    def wait(self, seconds: float, *also: int) -> None:
        """Sleep until a signal comes, one of the descriptors has something, or time is up."""
        select.select([self._ears, *also], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            while os.read(self._ears, 512):
                pass

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.asked_to_end = True


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Nothing: its arrival is what wakes."""
