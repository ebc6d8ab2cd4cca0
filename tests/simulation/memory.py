"""A server in memory: the real scripts over keys in Python, on a clock that somebody else turns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha1
from typing import Any

from tests.simulation.scripting import Interpreter
from tests.simulation.streams import Streams
from tests.simulation.values import Failure

OURS = {"get", "make", "drop", "tidy", "read", "delete", "now_ms"}  # are no commands


@cache
def interpreter() -> Interpreter:
    """Scripts keep nothing between two calls, so one does for all servers."""
    return Interpreter()


class MemoryServer(Streams):
    """Runs one command after the other, as Redis does."""

    def __init__(self, clock_us: Callable[[], int]) -> None:
        super().__init__(clock_us)
        self._sources: dict[bytes, bytes] = {}
        self._now: int | None = None  # stands still while a script runs
        self._turned, self.clock_us = clock_us, self._clock
        verbs = [name for name in dir(Streams) if name.islower() and name not in OURS]
        self._verbs: dict[bytes, Callable[..., Any]] = {
            name.upper().encode(): getattr(self, name) for name in verbs if name[0] != "_"
        }
        self._verbs |= {b"GET": self.read, b"DEL": self.delete}
        self.calls = 0  # of scripts

    def _clock(self) -> int:
        return self._turned() if self._now is None else self._now

    def execute(self, words: list[bytes]) -> Any:
        """Run a command; raises Failure for an error reply."""
        verb = words[0].upper()
        if verb in {b"EVALSHA", b"EVAL"}:
            return self._script(verb, words)
        return self._command(words)

    def _command(self, words: list[bytes]) -> Any:
        verb = self._verbs.get(words[0].upper())
        if verb is None:
            raise Failure(f"ERR unknown command {words[0]!r}")
        return verb(*words[1:])

    def _script(self, verb: bytes, words: list[bytes]) -> Any:
        if verb == b"EVAL":
            sha = sha1(words[1], usedforsecurity=False).hexdigest().encode()
            self._sources[sha] = words[1]
        else:
            sha = words[1]
            if sha not in self._sources:
                raise Failure("NOSCRIPT No matching script. Please use EVAL.")
        keys, args = words[3 : 3 + int(words[2])], words[3 + int(words[2]) :]
        self.calls += 1
        self._now = self._turned()
        try:
            return interpreter().run(self._sources[sha], keys, args, self._command)
        finally:
            self._now = None

    def flush_scripts(self) -> None:
        """As `SCRIPT FLUSH`."""
        self._sources.clear()
