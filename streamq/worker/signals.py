"""The signals that end a worker: the first one asks, the second one insists."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# SIGHUP: the terminal is gone, or somebody wants new code; both mean: end in order.
ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)

# A service manager may signal a whole group of processes, and the supervisor passes on what it
# hears: what comes so soon after the first is the same wish once more.
ECHO_S = 0.15


@contextmanager
def stop_on_signals(stop: asyncio.Event, hurry: asyncio.Event) -> Iterator[None]:
    """Set `stop` at the first signal and `hurry` at a later one; then put the old handlers back.

    Outside the main thread it does nothing: Python delivers no signals there. A SIGHUP that is
    ignored stays so: whoever starts a worker with `nohup` wants it to outlive the terminal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    first = 0.0

    def heard() -> None:
        nonlocal first
        if not stop.is_set():
            first = time.monotonic()
            stop.set()
        elif time.monotonic() - first > ECHO_S:
            hurry.set()

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(heard)  # wakes the loop, unlike setting the event here

    before = {number: signal.signal(number, handle) for number in ENDING if not _is_nohup(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_nohup(number: int) -> bool:
    return signal.Signals(number).name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
