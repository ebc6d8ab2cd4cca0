"""A queue whose scripts see a clock that stands still, to the microsecond."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import redis

from streamq.operations import Call
from tests.lua.rig import Rig
from tests.servers import Server

_ASKS, _READS = "redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')"


class StillRig(Rig):
    """As `Rig`, but time passes only when it is told so; it begins with a whole ms of about now.

    The instant stands in a key that all scripts read in place of `TIME`; entries of streams have
    the server's own time all the same.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.us = self.ms = 0
        self.at(self.now_ms())

    def at(self, ms: int, us: int = 0) -> None:
        """It is so many ms and us since 1970."""
        self.us = ms * 1000 + us
        self.ms = self.us // 1000
        seconds, micros = divmod(self.us, 1_000_000)
        self.admin.hset("clock", mapping={"s": seconds, "us": micros})

    def later(self, ms: int, us: int = 0) -> None:
        self.at(0, self.us + ms * 1000 + us)

    def forget(self) -> None:
        """Nothing is left of the clock."""
        self.admin.delete("clock")

    def raw(self, call: Call[Any], args: Sequence[Any] | None = None) -> Any:
        rest = (len(call.keys), *call.keys, *(call.args if args is None else args))
        source = call.script.source.replace(_ASKS, _READS)
        try:
            return self.user.evalsha(
                sha1(source.encode(), usedforsecurity=False).hexdigest(), *rest
            )
        except redis.exceptions.NoScriptError:
            return self.user.eval(source, *rest)

    def due(self, id_: str) -> int:
        """When this job is due, in ms."""
        found = self.admin.zscore(self.keys.key("scheduled"), id_)
        assert found is not None
        return int(found)
