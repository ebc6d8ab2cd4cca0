"""What a conversation asks of the transport that carries it, and what may come back.

A conversation is a generator that yields steps; a driver performs each and sends the
answer in. The same conversation runs over blocking sockets and in an event loop.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

Node = tuple[str, int] | None  # None: the server that the URL names


@dataclass(slots=True)
class Exchange:
    """Send these bytes on one connection and read the replies; refusals come as values."""

    node: Node
    data: bytes  # one or more packed commands
    replies: int  # how many to read
    timeout: float  # seconds, for connecting and for the answer


@dataclass(slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(slots=True)
class Forget:
    """Close the idle connections to a node: what they lead to is no longer what we want."""

    node: Node


Step = Exchange | Pause | Forget
Conversation = Generator[Step, Any, T]


class ExchangeFailed(Exception):
    """An exchange did not end; never leaves the client."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.cause = cause


class Unsent(ExchangeFailed):
    """Not one byte of the commands was sent."""


class Lost(ExchangeFailed):
    """Sent, or partly, and no answer: the server may have done it. The connection is gone."""
