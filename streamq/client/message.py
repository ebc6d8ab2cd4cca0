"""One call on its way: its bytes, and what the replies to it mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hiredis import pack_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamq.operations.call import Call
    from streamq.scripts import Script

ASKING = pack_command((b"ASKING",))


class Message:
    """A command, or a script by its hash and, once the server lacks it, by its source."""

    __slots__ = ("answer", "ask", "command", "confirmed", "done", "key", "script", "tail")

    def __init__(
        self,
        command: tuple[Any, ...],
        key: str = "",  # the first one, for routing
        script: Script | None = None,
    ) -> None:
        self.command = command
        self.key = key
        self.script = script
        self.ask: tuple[str, int] | None = None  # a node to ask instead, this once
        self.tail: Callable[[float], bytes] | None = None  # makes a second command, packed
        self.done = False
        self.answer: Any = None
        self.confirmed: Any = None  # the answer to the tail

    @classmethod
    def of(cls, call: Call[Any]) -> Message:
        """The message of a call."""
        keys = call.keys
        script = call.script
        command = (b"EVALSHA", script.sha, len(keys), *keys, *call.args)
        return cls(command, keys[0] if keys else "", script)

    @property
    def replies(self) -> int:
        """How many replies the bytes of `pack` bring."""
        return 1 + (self.ask is not None) + (self.tail is not None)

    def pack(self, timeout: float) -> bytes:
        """The bytes to send; the answer will be waited for so many seconds."""
        packed: bytes = pack_command(self.command)
        if self.ask is not None:
            packed = ASKING + packed
        return packed if self.tail is None else packed + self.tail(timeout)

    def take(self, replies: Iterator[Any]) -> Any:
        """Take its own replies off the front; the one to the call itself is returned."""
        if self.ask is not None:
            next(replies)
            self.ask = None
        self.answer = next(replies)
        if self.tail is not None:
            self.confirmed = next(replies)
        return self.answer

    def use_source(self) -> None:
        """Send the whole script from now on: to load it first would lose to a flush."""
        script = self.script
        if script is not None:
            self.command = (b"EVAL", script.source, *self.command[2:])
