"""One line in the log for each thing that somebody does to jobs, queues and workers."""

from __future__ import annotations

import getpass
import logging
import os
import socket
from typing import Any

log = logging.getLogger("streamq.control")


def tell(action: str, done: int, **facts: Any) -> None:
    """Log it, with who did it; the facts stand in the record too, for JSON."""
    given = {name: value for name, value in facts.items() if value not in {None, ""}}
    fields = {"action": action, "done": done, "by": who(), **given}
    said = "".join(f" {name}={value}" for name, value in given.items())
    log.info("%s: %d done by %s%s", action, done, fields["by"], said, extra={"job": fields})


def who() -> str:
    """Who acts here: user@host, as far as the machine knows."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in some containers
        user = str(os.getuid()) if hasattr(os, "getuid") else "?"
    return f"{user}@{socket.gethostname()}"[:128]
