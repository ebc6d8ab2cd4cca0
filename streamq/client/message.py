"""One call on its way: its bytes, and what the replies to it mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hiredis import pack_command

from streamq.keys import Bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamq.operations.call import Call
    from streamq.scripts import Script

ASKING = pack_command((b"ASKING",))


class Message:
    """A command, or a script by its hash and, once the server lacks it, by its source."""

    __slots__ = ("_call", "_command", "answer", "ask", "confirmed", "done", "key", "script", "tail")

    def __init__(
        self,
        command: tuple[Any, ...],
        key: str = "",  # the first one, for routing
        script: Script | None = None,
    ) -> None:
        self._command = command
        self._call: Call[Any] | None = None  # makes the command, until that names the source
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
        message = cls((), call.keys[0] if call.keys else "", call.script)
        message._call = call
        return message

    @property
    def command(self) -> tuple[Any, ...]:
        """All its words."""
        call = self._call
        if call is None:
            return self._command
        return (b"EVALSHA", call.script.sha, len(call.keys), *call.keys, *call.args)

    @property
    def replies(self) -> int:
        """How many replies the bytes of `pack` bring."""
        return 1 + (self.ask is not None) + (self.tail is not None)

    def pack(self, timeout: float) -> bytes:
        """The bytes to send; the answer will be waited for so many seconds."""
        packed: bytes = pack_command(self._command) if self._call is None else pack(self._call)
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
            self._command = (b"EVAL", script.source, *self.command[2:])
            self._call = None


def pack(call: Call[Any]) -> bytes:
    """The bytes of a call; keys that come again are packed once, for they are most of its words."""
    keys, args = call.keys, cast("Any", tuple(call.args))
    head = keys.packed if isinstance(keys, Bound) else b""
    if not head:
        head = _words((b"EVALSHA", call.script.sha, len(keys), *keys))
        if isinstance(keys, Bound):
            keys.packed = head
    return b"*%d\r\n%b%b" % (3 + len(keys) + len(args), head, _words(args))


def _words(words: Any) -> bytes:
    packed: bytes = pack_command(words)
    return packed[len(b"*%d\r\n" % len(words)) :]
