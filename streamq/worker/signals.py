"""The signals that end a worker: the first one asks, the second one insists."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# SIGHUP: the terminal is gone, or somebody wants new code; both mean: end in order.
ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def stop_on_signals(stop: asyncio.Event, hurry: asyncio.Event) -> Iterator[None]:
    """Set `stop` at the first signal and `hurry` at the next; then put the old handlers back.

    Outside the main thread it does nothing: Python delivers no signals there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def heard() -> None:
        (hurry if stop.is_set() else stop).set()

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(heard)  # wakes the loop, unlike setting the event here

    before = {number: signal.signal(number, handle) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
