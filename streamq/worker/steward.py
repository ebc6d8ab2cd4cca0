"""What the supervisor does at the server for its processes: renews their leases, buries them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from streamq.errors import StreamQError
from streamq.worker import funeral
from streamq.worker.renewal import renew, renewing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamq.client import Client
    from streamq.keys import QueueKeys
    from streamq.worker.child import Child

    Ritual = Callable[[Client, Sequence[QueueKeys], str, float], int | None]

log = logging.getLogger("streamq.worker")

PATIENCE_S = 30.0  # with a renewal that goes on
CALL_S = 0.5  # for one call on behalf of a dead process
AT_END_S = 0.1  # for a renewal that goes on at the end
AGAIN_S = 1.0  # between tries to reach a server that is away


class Steward:
    """Looks after the processes that it has taken on; belongs to the running loop."""

    def __init__(self, client: Client, queues: Sequence[QueueKeys], lease_ms: int) -> None:
        self._client = client
        self._queues = queues
        self._lease_ms = lease_ms
        self._loop = asyncio.get_running_loop()
        self._children: dict[int, Child] = {}  # by pid
        self._funerals: set[asyncio.Task[None]] = set()
        self._renewal = renewing(self._renew_all, lease_ms)

    def start(self) -> None:
        """Begin to renew, in a thread."""
        self._renewal.start()

    def stop(self) -> None:
        """Renew nothing more; who is not buried by now is found dead when its lease runs out."""
        self._renewal.stop()
        for one in self._funerals:
            one.cancel()

    def take_on(self, child: Child) -> None:
        """Renew what this process holds, from now on."""
        self._children[child.pid] = child

    def let_go(self, child: Child) -> None:
        """It has ended."""
        del self._children[child.pid]

    def _renew_all(self) -> None:
        """One round, in the renewing thread."""
        for child in list(self._children.values()):
            self._renew(child)

    def _renew(self, child: Child) -> None:
        with child.renewing:
            if child.is_dead or not child.name:
                return
            # A stopped process isn't dead, and not to be counted as crashed. But what it holds
            # must run elsewhere: nothing says that it will ever go on.
            tokens: Callable[[str], list[str]] = child.tokens
            if child.is_stopped():
                tokens = _none
            lost = renew(self._client, self._queues, child.name, self._lease_ms, tokens)
        say = self._loop.call_soon_threadsafe
        for queue, token in lost:
            if child.holds(queue, token):
                say(child.tell, "lost", queue, token)
        if tokens is not _none:
            say(child.tell, "renewed")

    def bury_later(self, child: Child) -> None:
        """As soon as the server can be told."""
        if child.name:
            task = asyncio.get_running_loop().create_task(self._bury(child))
            self._funerals.add(task)
            task.add_done_callback(self._funerals.discard)

    async def _bury(self, child: Child) -> None:
        after_crash = partial(funeral.after_crash, apart=child.apart())
        while True:
            try:
                await asyncio.to_thread(self._after, after_crash, child, PATIENCE_S)
            except StreamQError as error:
                log.debug("the server doesn't hear of the end of %s: %s", child.name, error)
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def see_off(self, child: Child) -> None:
        """The process has ended: what it could not end may run elsewhere now."""
        if not child.name:
            return
        with suppress(StreamQError):
            count = await asyncio.to_thread(self._after, funeral.after_shutdown, child, AT_END_S)
            if count:
                log.warning("handed back %d jobs that didn't end in time", count)

    def _after(self, ritual: Ritual, child: Child, patience: float) -> int | None:
        """In a thread: not before a renewal that goes on has ended, or it would live again."""
        waited = child.renewing.acquire(timeout=patience)
        try:
            return ritual(self._client, self._queues, child.name, CALL_S)
        finally:
            if waited:
                child.renewing.release()


def _none(_queue: str) -> list[str]:
    """No leases."""
    return []
