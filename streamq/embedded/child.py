"""The server as the keeper's child: started, listened to, ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import deque
from typing import TYPE_CHECKING

from streamq.embedded.leash import ShellLeash, kernel_leash
from streamq.embedded.settings import server_command

if TYPE_CHECKING:
    from streamq.embedded.journal import Journal
    from streamq.embedded.locks import Lock
    from streamq.embedded.orders import Orders

_GRACE = 10.0  # seconds to end cleanly when asked; it only has to close its file
_TAIL = 12  # last lines that are kept, to tell why it ended
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


class Child:
    """One life of the server."""

    def __init__(self, orders: Orders, journal: Journal, server_lock: Lock) -> None:
        """Start it; `server_lock` is held and passes on to it. Raises OSError."""
        self._journal = journal
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self._partial = b""
        self.ears, mouth = os.pipe()
        try:
            # A keeper that doesn't listen (stopped by someone) must not stop the server:
            # what doesn't fit in the pipe is dropped.
            os.set_blocking(mouth, False)
            os.set_blocking(self.ears, False)
            tie = kernel_leash()
            self.process = subprocess.Popen(  # noqa: S603 - chosen by `find_binary`
                server_command(orders),
                cwd=orders.data_dir,
                env={"LC_ALL": "C"} | {k: os.environ[k] for k in _KEPT if k in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=mouth,
                stderr=mouth,
                pass_fds=(server_lock.fd,),
                preexec_fn=tie,  # noqa: PLW1509 - the keeper has one thread
            )
        except BaseException:
            os.close(self.ears)
            raise
        finally:
            os.close(mouth)
        server_lock.forget()  # from here on it says exactly whether the server lives
        self._leash = None if tie else ShellLeash(self.process.pid)

    def listen(self) -> None:
        """Pass on what it said since, and remember the last lines."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.ears, 65536):
                self._journal.write(data)
                *lines, self._partial = (self._partial + data).split(b"\n")
                self.tail.extend(line.decode(errors="replace") for line in lines if line.strip())

    def ended(self) -> bool:
        """Whether it has ended; then `code` is its exit code."""
        return self.process.poll() is not None

    @property
    def code(self) -> int:
        """Its exit code, negative for a signal's number."""
        return self.process.returncode

    def stop(self) -> None:
        """Have it end, cleanly if it can."""
        self.process.terminate()
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._journal.say("the server does not end when asked; killed")
            self.kill()

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait()

    def bury(self) -> None:
        """Let go of all that belonged to it, once it has ended."""
        self.listen()
        os.close(self.ears)
        if self._leash:
            self._leash.release()
