"""Waiting for something to become true, with a sentence for the day it doesn't."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 15.0  # costs nothing where all is well
BUSY_S = 3.0  # what a busy machine may add to a time that is measured


def wait_until(
    predicate: Callable[[], T], what: str, timeout: float = PATIENCE_S, every: float = 0.01
) -> T:
    """Call `predicate` until it returns something true, and return that.

    `what` completes "waited 15 s for …". Raises `AssertionError` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what}; last seen: {value!r}")
        time.sleep(every)
    return value


async def wait_until_async(
    predicate: Callable[[], T | Awaitable[T]],
    what: str,
    timeout: float = PATIENCE_S,
    every: float = 0.01,
) -> T:
    """`wait_until` for async tests; `predicate` may be plain or async."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        seen: T = await value if isinstance(value, Awaitable) else value
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what}; last seen: {seen!r}")
        await asyncio.sleep(every)
