"""Who a worker process is, and what it says of itself to those who look."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamq.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")
_ODD = str.maketrans(dict.fromkeys(" \t\r\n~", "-"))  # a name stands in space-separated texts


def new_name(first: str | None = None) -> str:
    """A worker's name: `<host>-<pid>-<6 random>`; a process that starts anew is another worker.

    `first` stands in place of the host, and "%h" in it for the host.
    """
    host = socket.gethostname().translate(_ODD) or "localhost"
    begin = host if first is None else first.replace("%h", host)
    return f"{begin}-{os.getpid()}-{secrets.token_hex(3)}"


def check_name(first: str) -> str:
    """What a worker's name may begin with; raises `ValueError`."""
    if not _NAME.fullmatch(first.replace("%h", "h")):
        raise ValueError(
            f"worker name {first!r}: must be 1 to 64 of the characters A-Z a-z 0-9 _ . : @ - "
            "(%h is the host's name)"
        )
    return first


@dataclass(frozen=True, slots=True)
class Identity:
    """One worker process."""

    name: str
    app: str
    queues: tuple[str, ...]
    knows: tuple[str, ...]  # the names of its tasks
    threads: int
    async_concurrency: int
    started: float = field(default_factory=time.time)  # Unix time

    def as_json(self) -> str:
        """What is published with each queue it serves."""
        facts: dict[str, str | int | float | Sequence[str]] = {
            "app": self.app,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "parent": os.getppid(),  # the supervisor, where there is one
            "started": round(self.started, 3),
            "streamq": __version__,
            "python": platform.python_version(),
            "queues": self.queues,
            "tasks": len(self.knows),
            "knows": self.knows,
            "threads": self.threads,
            "async_concurrency": self.async_concurrency,
        }
        return json.dumps(facts)
