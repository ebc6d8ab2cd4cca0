"""What callers get to see: the running server, and how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from streamq.embedded.state import Phase


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A private server that answered just now."""

    socket_path: Path  # a unix socket that only this user can reach
    data_dir: Path  # absolute, symlinks resolved
    pid: int  # of the server
    keeper_pid: int  # of the process that watches it
    version: str  # "valkey 9.1.2"
    started_now: bool  # whether this very call started it
    log_path: Path  # what keeper and server say

    @property
    def url(self) -> str:
        """The address for redis-py."""
        return f"unix://{quote(str(self.socket_path))}"


@dataclass(frozen=True, slots=True)
class EmbeddedStatus:
    """How things stand with one data directory."""

    running: bool  # the server answers
    phase: Phase  # the keeper's; STOPPED where no keeper lives
    message: str  # what the keeper has to say, "" if nothing
    socket_path: Path | None  # None unless a keeper lives
    data_dir: Path  # absolute, symlinks resolved
    pid: int  # of the server, 0 if it doesn't run
    keeper_pid: int  # 0 if none lives
    version: str  # of the server that runs, else of the one that wrote the data
    clients: int  # connected now, without the keeper and this look itself
    size_bytes: int  # of the data on disk
    log_path: Path  # what keeper and server say
