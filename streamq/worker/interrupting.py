"""Stopping one job that runs: it is told inside, and what ignores that takes its process along.

An async task is cancelled at its `await`; a plain one on a thread has an exception raised at its
next bytecode, which for a call into C (`time.sleep`) is when that returns; a process gets a signal,
and is killed if that isn't enough. Nothing here ever hits the job that runs next in the same place.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from streamq.errors import SoftTimeLimitExceeded, TaskCancelled

if TYPE_CHECKING:
    from streamq.worker.held import Held


class Why(StrEnum):
    """Why a job that runs is told to stop; `Held.told` is the last one that it was told."""

    SOFT = "soft_time_limit"  # it may clean up, and even go on until its `time_limit`
    HARD = "time_limit"  # the run has timed out
    CANCELLED = "cancelled"  # somebody wants it no more


FOR_GOOD = frozenset({Why.HARD, Why.CANCELLED})  # who was told so is told nothing more


class SoftLimitAtAwait(SoftTimeLimitExceeded, asyncio.CancelledError):
    """What an async task gets at its soft limit: whatever cleans up after a cancellation does so.

    `asyncio.TaskGroup` leaves its tasks behind for any other exception at its own `await`.
    """


INSIDE: dict[Why, type[BaseException]] = {  # what is raised in a plain task
    Why.SOFT: SoftTimeLimitExceeded,
    Why.HARD: TaskCancelled,
    Why.CANCELLED: TaskCancelled,
}

_set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc
_set_async_exc.argtypes = (ctypes.c_ulong, ctypes.py_object)


class Bailiff:
    """Interrupts jobs on threads. `Held.thread` is set exactly while a job's function runs there.

    A job pays for it with two attributes: first it is said that the job is told, then looked
    whether it runs; the job first says that it runs no more, then looks whether it was told.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def interrupt(self, held: Held, why: Why) -> bool:
        """Raise inside the job, from any thread; False: its function doesn't run on a thread."""
        with self._lock:
            before, held.told = held.told, why
            if not held.thread or before in FOR_GOOD:  # the first reason counts
                held.told = before
                return False
            _set_async_exc(held.thread, ctypes.py_object(INSIDE[why]))
            return True

    def release(self, held: Held) -> None:
        """The job's function has ended, on this thread: what wasn't raised yet never will be."""
        while True:
            try:
                held.thread = 0
                with self._lock:  # whoever was about to raise has done so
                    _set_async_exc(threading.get_ident(), ctypes.py_object())
            except (SoftTimeLimitExceeded, TaskCancelled):
                continue
            return
