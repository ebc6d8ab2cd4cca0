"""File locks that the kernel lets go when their holder dies.

`flock` and not process ids: an id in a file may be stale, recycled, or of another
namespace; a lock is never any of these, and works between containers that share
the directory.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

if sys.platform != "win32":  # there `ensure()` refuses before it would lock
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path

_POLL = 0.005  # seconds between two tries


class Lock:
    """An exclusive lock on a file, for threads as well as for processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1  # the open file while it is held

    def try_acquire(self) -> bool:
        """Take the lock if it is free; True if it is held now. Raises OSError (no such folder)."""
        while self.fd < 0:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return False
            if _is_still(self.path, fd):
                self.fd = fd
            else:  # the directory was removed and made anew between open and lock
                os.close(fd)
        return True

    def acquire(self, seconds: float) -> bool:
        """Take the lock, waiting at most so long; whether it is held now."""
        deadline = time.monotonic() + seconds
        while not self.try_acquire():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        return True

    def is_in_place(self) -> bool:
        """Whether the lock held is still the file at its path: False once that was deleted."""
        return self.fd >= 0 and _is_still(self.path, self.fd)

    def release(self) -> None:
        """Let it go; harmless when not held."""
        if self.fd >= 0:
            # Unlocked by name: a child forked meanwhile has a copy of the descriptor,
            # and closing ours alone would leave the lock with it.
            fcntl.flock(self.fd, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close our descriptor only: the lock stays with the child that inherited it."""
        os.close(self.fd)
        self.fd = -1


def is_held(path: Path) -> bool:
    """Whether anyone holds the lock; creates nothing.

    Looks by taking it shared for an instant, so who takes such a lock must try
    more than once.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _is_still(path: Path, fd: int) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(path.lstat(), os.fstat(fd))
    return False
