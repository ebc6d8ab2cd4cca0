"""Renews leases from where a blocked loop can't stop it: a thread, or the supervisor."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from streamq import operations
from streamq.errors import StreamQError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamq.client import Client
    from streamq.keys import QueueKeys

log = logging.getLogger("streamq.worker")

CHUNK = 500  # tokens in one call
SOON_S = 0.5  # after a failure


def renew(
    client: Client,
    queues: Sequence[QueueKeys],
    worker: str,
    lease_ms: int,
    tokens: Callable[[str], list[str]],
) -> list[tuple[str, str]]:
    """Renew a worker's claims and say that it lives; returns the lost ones as (queue, token).

    `tokens` gives the claims held in a queue; where there are none it's a sign of life. Both
    last for one lease, so that a lost machine's jobs count as crashed, not as abandoned.
    Raises what the client raises.
    """
    calls, asked = [], []
    for keys in queues:
        held = tokens(keys.queue)
        for at in range(0, max(1, len(held)), CHUNK):
            chunk = held[at : at + CHUNK]
            asked.append([(keys.queue, token) for token in chunk])
            calls.append(
                operations.extend(
                    keys, worker=worker, alive_ms=lease_ms, lease_ms=lease_ms, tokens=chunk
                )
            )
    answers = client.run_many(calls, timeout=max(1.0, lease_ms / 3000))
    return [
        claim
        for claims, words in zip(asked, answers, strict=True)
        for claim, word in zip(claims, words, strict=True)
        if word == "LEASELOST"
    ]


class Renewer:
    """Renews every third of a lease, in a thread of its own."""

    def __init__(
        self,
        once: Callable[[], object],
        lease_ms: int,
        *,
        is_needed: Callable[[], bool] = lambda: True,
        broken: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._once = once  # one round; may raise what the client raises
        self._broken = broken  # is told, in the thread, of what should never be raised
        self._rhythm_s = lease_ms / 3000
        self._is_needed = is_needed  # asked before each round
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="streamq-renewal", daemon=True)

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
                if self._is_needed():
                    self._once()
            except StreamQError as error:  # weather; who works with the server tells of it
                log.debug("leases could not be renewed: %s", error)
                pause = min(SOON_S, pause)
            except BaseException as error:
                if self._broken is None:
                    raise
                self._broken(error)
                return
            pause = max(0.0, began + pause - time.monotonic())
