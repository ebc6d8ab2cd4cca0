"""What a keeper says about itself, in a file that everyone of this user may read.

The file has one size for ever and is overwritten in place: so it can still be
written when the disk is full, and a single small write is seen whole or not at all.
It is a word, not a proof: that the keeper lives is proved by its lock alone.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIZE = 4096  # bytes of the file


class Phase(enum.StrEnum):
    """Where a keeper is."""

    STARTING = "starting"
    LOADING = "loading"  # the server reads its data
    READY = "ready"
    RESTARTING = "restarting"  # the server ended unexpectedly; started again after a pause
    DISK_FULL = "disk full"  # looked at again with a growing pause
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"  # the keeper gave up; message says why


@dataclass(frozen=True, slots=True)
class State:
    """One word of one keeper."""

    token: str = ""  # made anew by whoever starts a keeper: tells one keeper from the next
    phase: Phase = Phase.STOPPED
    message: str = ""  # for people
    keeper_pid: int = 0
    pid: int = 0  # of the server
    version: str = ""  # of the server: "valkey 9.1.2"
    socket: str = ""  # only where it lies outside the data directory


def read_state(path: Path) -> State | None:
    """Return the last word; None if there is none, or if it is another user's."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        # A stranger's file could lead to a stranger's socket.
        data = os.read(fd, _SIZE) if os.fstat(fd).st_uid == os.geteuid() else b""
    finally:
        os.close(fd)
    try:
        fields = json.loads(data)
        return State(**{**fields, "phase": Phase(fields["phase"])})
    except (ValueError, TypeError, KeyError):
        return None


def write_state(path: Path, state: State) -> None:
    """Say it. Raises OSError (ENOSPC only for the first word in a new directory)."""
    data = json.dumps(dataclasses.asdict(state)).encode()
    while len(data) >= _SIZE and state.message:  # its end says most
        state = dataclasses.replace(state, message=state.message[len(state.message) // 2 + 1 :])
        data = json.dumps(dataclasses.asdict(state)).encode()
    data = data.ljust(_SIZE - 1) + b"\n"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.pwrite(fd, data[:_SIZE], 0)
    finally:
        os.close(fd)
