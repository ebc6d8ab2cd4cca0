"""What a worker does at the server from a thread: no blocked event loop may stop it."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from streamq.errors import StreamQError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("streamq.worker")

SOON_S = 0.5  # after a failure


class Rounds:
    """Does something again and again in a thread of its own, from its start until its stop.

    What the client raises is weather, and the next round comes soon. Anything else ends the
    rounds: `broken` is told of it, in the thread; without one it is raised there.
    """

    def __init__(
        self,
        name: str,
        once: Callable[[], object],
        rhythm_s: float,
        *,
        broken: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._name = name
        self._once = once
        self._rhythm_s = rhythm_s  # from the beginning of a round to that of the next
        self._broken = broken
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"streamq-{name}", daemon=True)

    def start(self) -> None:
        """Begin, with a round at once."""
        self._thread.start()

    def stop(self, timeout: float = 0.0) -> None:
        """End after the round that goes on; waits for that, `timeout` seconds at most."""
        self._stop.set()
        if timeout and self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            began = time.monotonic()
            pause = self._rhythm_s
            try:
                self._once()
            except StreamQError as error:  # who works with the server tells of it
                log.debug("the %s had no answer: %s", self._name, error)
                pause = min(SOON_S, pause)
            except BaseException as error:
                if self._broken is None:
                    raise
                self._broken(error)
                return
            pause = max(0.0, began + pause - time.monotonic())
