"""The process that keeps one server: `python -m streamq.embedded.keeper`.

Started by `ensure()`, apart from whoever called it. It starts the server, starts it
again when it was killed, waits when the disk is full, and ends it and itself when
nobody has been there for the idle time. It serves no client itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.embedded.child import Child
from streamq.embedded.directory import disk_full, prepare_socket_folder
from streamq.embedded.disk import has_room
from streamq.embedded.journal import Journal
from streamq.embedded.locks import Lock
from streamq.embedded.orders import Orders
from streamq.embedded.orphan import take_server_lock
from streamq.embedded.paths import Paths
from streamq.embedded.signals import Signals
from streamq.embedded.spawn import LOCK_TAKEN
from streamq.embedded.state import Phase, State, write_state
from streamq.embedded.verdict import Ending, Troubles, Verdict, judge
from streamq.embedded.watch import Finding, Watch
from streamq.embedded.wire import Answer, ping, shut_down

if TYPE_CHECKING:
    from collections.abc import Sequence

_TICK = 2.0  # seconds between two looks at a server that serves
_READY_TICK = 0.004  # seconds between two looks at one that starts
_DISK_PAUSE = 0.5  # seconds at least before a full disk is tried again
_DISK_PATIENCE = 60.0  # seconds at least before we stop waiting for room


class Keeper:
    """Keeps one server until it isn't wanted, or can't be kept."""

    def __init__(self, orders: Orders, lock: Lock, signals: Signals) -> None:
        self._orders = orders
        self._paths = Paths(Path(orders.data_dir))
        self._socket = Path(orders.socket)
        self._far = self._socket != self._paths.near_socket
        self._idle_seconds = float(orders.idle)
        self._lock = lock
        self._signals = signals
        self._journal = Journal(self._paths.log)
        self._troubles = Troubles()

    def run(self) -> None:
        """Keep the server; returns when there is nothing more to do."""
        self._journal.say(f"keeps {self._orders.version} for {self._paths.data_dir}")
        while True:
            verdict, why = self._life()
            if verdict is Verdict.AGAIN:
                self._pause(why)
            elif verdict is Verdict.DISK_FULL:
                self._wait_for_room()
            else:
                break
            if self._unwanted():
                verdict, why = Verdict.END, Ending.ASKED.value
                break
        self._journal.say(f"ends: {why}")
        if self._far:
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()
        failed = verdict is Verdict.FAILED
        log = f"\nLog: {self._paths.log}"
        self._say(Phase.FAILED if failed else Phase.STOPPED, why + log if failed else why)

    def fail(self, error: Exception) -> None:
        """Tell of an error of our own; its traceback goes to the log."""
        what = f"The embedded server's keeper failed: {error!r}"
        self._say(Phase.FAILED, f"{what}\nLog: {self._paths.log}")

    # --- one life of the server -------------------------------------------------------------

    def _life(self) -> tuple[Verdict, str]:
        """Start the server, watch it to its end, and judge."""
        lock = take_server_lock(self._paths, self._socket, self._journal.say)
        if lock is None:
            return Verdict.FAILED, (
                f"A server that can't be ended from here still uses {self._paths.data_dir}.\n"
                "It may run in another container or hang: end it there, and try again."
            )
        if not has_room(self._paths.run):
            lock.release()
            return Verdict.DISK_FULL, "disk full"
        prepare_socket_folder(self._socket, self._paths)  # in /tmp, a cleaner may have taken it
        born = time.monotonic()
        child = Child(self._orders, self._journal, lock)
        watch = Watch(self._socket, self._idle_seconds)
        ending, served = Ending.ITSELF, False
        try:
            served = self._until_ready(child)
            ending = self._until_end(child, watch)
        finally:
            watch.close()
            self._see_off(child, ending)
            if self._lock.is_in_place():
                watch.clear()
        self._troubles.lived(time.monotonic() - born, served=served)
        return judge(ending, child.code, child.tail, self._troubles)

    def _until_ready(self, child: Child) -> bool:
        """Wait until it serves; False if it ended before, or isn't wanted any more."""
        told = Phase.STARTING
        self._say(told)
        while not (child.ended() or self._unwanted()):
            answer = ping(self._socket, timeout=1.0)
            if answer is Answer.PONG:
                child.listen()
                if any("Truncating the AOF" in line for line in child.tail):
                    self._journal.say("removed a write that was cut short, so never confirmed")
                self._say(Phase.READY, pid=child.process.pid)
                return True
            if answer is Answer.LOADING and told is not Phase.LOADING:
                told = Phase.LOADING
                self._say(told, pid=child.process.pid)
            self._signals.wait(_READY_TICK, child.ears)
            child.listen()
        return False

    def _until_end(self, child: Child, watch: Watch) -> Ending:
        """Watch it until it ends, or until it shall."""
        tick = min(_TICK, max(0.05, self._idle_seconds / 4))
        next_look = time.monotonic() + tick
        while not child.ended():
            if self._unwanted():
                return Ending.ASKED if self._signals.asked_to_end else Ending.REMOVED
            if time.monotonic() >= next_look:
                finding = watch.look()
                if finding is not Finding.FINE:
                    return Ending.IDLE if finding is Finding.IDLE else Ending.DEAF
                self._journal.rotate()
                next_look = time.monotonic() + tick
            self._signals.wait(next_look - time.monotonic(), child.ears)
            child.listen()
        return Ending.ITSELF

    def _see_off(self, child: Child, ending: Ending) -> None:
        """End it if it hasn't ended."""
        if not self._lock.is_in_place():
            # Its data is gone. A clean end would remove the socket by its path, which is
            # another server's if someone made the directory anew.
            child.kill()
        elif not child.ended():
            self._say(Phase.STOPPING, ending.value)
            shut_down(self._socket, timeout=1.0)  # takes effect sooner than a signal
            child.stop()
        child.bury()

    # --- between two lives ------------------------------------------------------------------

    def _pause(self, why: str) -> None:
        seconds = self._troubles.pause()
        self._journal.say(f"{why}; started again in {seconds:g} s")
        self._say(Phase.RESTARTING, why)
        self._rest(seconds)

    def _wait_for_room(self) -> None:
        """Look again and again, ever more seldom, until a write succeeds; said once."""
        patience = time.monotonic() + max(_DISK_PATIENCE, self._idle_seconds)
        if self._troubles.fresh:
            self._journal.say("the disk is full; tried again until there is room")
        self._say(Phase.DISK_FULL, disk_full(self._paths))
        while not self._unwanted():
            self._rest(max(_DISK_PAUSE, self._troubles.pause()))
            if not self._unwanted() and has_room(self._paths.run):
                self._journal.say("there is room again")
                return
            if time.monotonic() >= patience:
                self._signals.asked_to_end = True  # whoever needs it comes and starts us anew

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._unwanted() and (left := until - time.monotonic()) > 0:
            self._signals.wait(min(left, _TICK))

    def _unwanted(self) -> bool:
        """Whether to end: asked to, or the directory is gone (or another one by that name)."""
        return self._signals.asked_to_end or not self._lock.is_in_place()

    def _say(self, phase: Phase, message: str = "", pid: int = 0) -> None:
        """Tell everyone where we are, unless the directory isn't ours any more."""
        if not self._lock.is_in_place():
            return
        word = State(
            token=self._orders.token,
            phase=phase,
            message=message,
            keeper_pid=os.getpid(),
            pid=pid,
            version=self._orders.version,
            socket=str(self._socket) if self._far else "",
        )
        write_state(self._paths.state, word)


def main(argv: Sequence[str]) -> int:
    """Take the keeper's lock, fork away from the starter, and keep."""
    orders = Orders.parse(argv)
    os.umask(0o077)
    # A starter's thread may block signals; inherited, that would make keeper and server deaf.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    paths = Paths(Path(orders.data_dir))
    lock = Lock(paths.keeper_lock)
    if not lock.acquire(2.0):
        return LOCK_TAKEN
    write_state(paths.state, State(token=orders.token, phase=Phase.STARTING))
    if os.fork():
        os._exit(0)  # the starter waits for this half only; the lock lives on in the other
    with Signals() as signals:
        keeper = Keeper(orders, lock, signals)
        try:
            keeper.run()
        except Exception as error:
            keeper.fail(error)
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
