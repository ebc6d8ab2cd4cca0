"""Whether the disk takes another write, and what a server says when it doesn't."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PROBE = 256 * 1024  # bytes: room for a batch of jobs and a little more
_FULL = ("No space left on device", "Disk quota exceeded", "Short write while writing to the AOF")


def has_room(folder: Path) -> bool:
    """Whether a write of 256 KiB succeeds there now. Raises OSError other than a full disk.

    Tried and not computed: quotas and reserved blocks make the file system's own
    figures wrong for an ordinary user.
    """
    path = folder / f"room-{os.getpid()}"
    try:
        with path.open("wb") as file:
            file.write(b"\x55" * _PROBE)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return False
        raise
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
    return True


def speaks_of_full_disk(lines: Sequence[str]) -> bool:
    """Whether a server's last words say that the disk was full."""
    return any(sign in line for line in lines for sign in _FULL)
