"""A call of one script, described: what to send and how to read the answer.

Operations describe, `client` sends. So blocking and async code share everything
but the sending itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamq.scripts import Script

T = TypeVar("T")

Value = bytes | str | int | float


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One `EVALSHA`, not yet sent; sending it twice does what sending it once does."""

    script: Script
    keys: Sequence[str]  # every key the script may touch; all of one hash tag
    args: Sequence[Value]
    read: Callable[[Any], T]  # raw reply (bytes, ints, lists) -> value
    queue: str  # for messages
