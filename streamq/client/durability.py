"""How safe a job must be before enqueue returns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from streamq.client.server_info import ServerInfo

MARGIN_S = 0.2  # the server must answer that it fell short before we stop listening


@dataclass(frozen=True, slots=True)
class Durability:
    """`fsync`, `replica:n`, or neither: then a job is as safe as the server's persistence."""

    fsync: bool = False
    replicas: int = 0

    def __bool__(self) -> bool:
        return self.fsync or self.replicas > 0

    def command(self, timeout: float) -> tuple[Any, ...]:
        """What to send right behind an enqueue, on its connection; `timeout` in seconds."""
        patience_ms = max(1, int((timeout - MARGIN_S) * 1000))
        if self.fsync:
            return b"WAITAOF", 1, 0, patience_ms
        return b"WAIT", self.replicas, patience_ms

    def shortfall(self, reply: Any) -> str:
        """Why the answer to `command` isn't enough; "" if it is."""
        if isinstance(reply, Exception):
            return f"the server can't confirm it: {reply}"
        if self.fsync:
            return "" if reply[0] >= 1 else "its disk didn't sync in time"
        if reply >= self.replicas:
            return ""
        return f"{reply} of {self.replicas} replicas had it in time"


def parse_durability(text: str | None) -> Durability:
    """Read the setting: None, "fsync" or "replica:n"."""
    if text is None:
        return Durability()
    if text == "fsync":
        return Durability(fsync=True)
    found = re.fullmatch(r"replica:([1-9]\d*)", text)
    if not found:
        raise ConfigurationError(f'durability={text!r}: must be "fsync", "replica:1" or more.')
    return Durability(replicas=int(found[1]))


def needs_command(info: ServerInfo, where: str) -> bool:
    """Whether `fsync` asks this server with WAITAOF; False where each reply is synced anyway.

    Raises ConfigurationError where it can't be had.
    """
    what = f'durability="fsync": {where} ({info.title})'
    if not info.aof:
        raise ConfigurationError(
            f"{what} writes no append-only file.\nSwitch it on there: CONFIG SET appendonly yes."
        )
    if info.appendfsync == "no":
        raise ConfigurationError(
            f"{what} leaves syncing to its system.\n"
            "Let it sync: CONFIG SET appendfsync everysec (or always)."
        )
    if info.has_waitaof:
        return True
    if info.appendfsync == "always":
        return False
    raise ConfigurationError(
        f"{what} can't confirm a sync before Redis 7.2.\n"
        "Upgrade it, or run it with `appendfsync always` (and allow us CONFIG GET to see it)."
    )
