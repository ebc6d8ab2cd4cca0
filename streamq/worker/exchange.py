"""The conversation with one queue: settles and claims, in one round trip where both are due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from streamq.worker.duty import Duty
from streamq.worker.history import History
from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.client import Client
    from streamq.operations import Call, Claimed
    from streamq.worker.claimer import Claimer
    from streamq.worker.flow import Flow
    from streamq.worker.held import Held
    from streamq.worker.served import ServedQueue
    from streamq.worker.settler import Batch
    from streamq.worker.weather import Weather

UNTOLD = 400  # outcomes in hand with which nothing more is claimed: first they are told
IDLE_S = 60.0  # between looks without any alarm: only a net under them


class Exchange(Duty):
    """One call chain per queue: the next is sent when the last is answered."""

    def __init__(
        self,
        client: Client,
        queue: ServedQueue,
        claimer: Claimer,
        weather: Weather,
        *,
        flow: Flow,
        rate: Callable[[float], float],
        worker: str,
    ) -> None:
        super().__init__(weather)
        self._history = History(client, queue, worker)
        self._client = client
        self._queue = queue
        self._claimer = claimer
        self._flow = flow
        self._rate = rate  # jobs that end per second
        self.is_closing = False  # claim nothing more
        queue.exchange = self

    async def once(self) -> float:
        """Send what is due; returns seconds until more may be."""
        now = time.monotonic()
        limit = self._limit(now)
        due_in = self._queue.settler.due_in(now, self._rate(now))
        if not limit and due_in != 0.0:
            if self._queue.has_marker:
                await self._pass_marker_on()
            if self._queue.bell is not None:
                self._queue.bell.worker_is_idle()
            return min(IDLE_S if due_in is None else due_in, self._claimer.respite(now) or IDLE_S)
        batch = self._queue.settler.batch()
        calls: list[Call[Any]] = [batch.call] if batch else []
        if limit:
            calls.append(self._claimer.claim(limit))
        try:
            await self._history.look()
            replies = await self._client.run_many_async(calls)
        except TROUBLE:
            self._claimer.give_room_back()
            self._flow.feed()
            raise
        self.weather.answered()
        if batch:
            self._take_words(batch, replies[0])
        if limit:
            self._take_claim(replies[-1])
        return 0.0

    def arm(self) -> Call[Claimed] | None:
        """A claim for the bell to send ahead; None where the worker has jobs, or shall have none.

        With jobs in hand it may be slow to look at what a claim sent ahead brings: a job that
        blocks the loop would keep them from others.
        """
        if self.is_closing or self._flow.pools.held:
            return None
        return self._claimer.arm()

    def disarm(self) -> None:
        """The bell has no answer; if there was a claim, it is asked for here."""
        self._claimer.disarm()

    def armed_answered(self, reply: Claimed) -> None:
        """The claim that the bell had sent ahead has been done."""
        self.weather.answered()
        self._take_claim(reply)
        self._queue.wake()

    @property
    def is_uncertain(self) -> bool:
        """Whether a claim was sent and not answered: its jobs may be ours."""
        return self._claimer.is_uncertain

    def _take_claim(self, reply: Claimed) -> None:
        if reply.late:
            self._flow.expired(self._queue.name, reply.late)
        self._take_jobs(self._claimer.claimed(reply))

    def _limit(self, now: float) -> int:
        # At the end, a claim that was sent and not answered is asked for once more: its jobs
        # would else stay with us until their lease has run out.
        if self.is_closing and not self._claimer.is_uncertain:
            return 0
        if len(self._queue.settler) > UNTOLD:
            return 0
        limit = self._claimer.wanted(now)
        if not limit and not self._queue.is_dry:
            self._flow.wait_for_room(self._queue)
        return limit

    def _take_words(self, batch: Batch, reply: Any) -> None:
        words = self._queue.settler.answered(reply)
        self._flow.settled(batch.ended, words)
        if batch.sends:
            self._queue.sent()

    def _take_jobs(self, jobs: list[Held]) -> None:
        if jobs and (self.is_closing or self._flow.pools.room.is_quiet):
            self._flow.hand_back(self._flow.hold(jobs))
        elif jobs:
            self._flow.start(self._queue, jobs)
        self._flow.feed()  # what it asked for and didn't get, others may ask for

    async def _pass_marker_on(self) -> None:
        """Wake another worker: a marker brought us here, and there is no room."""
        key = self._queue.keys.key("wake")
        await self._client.command_async("LPUSH", key, "1", key=key)
        await self._client.command_async("LTRIM", key, 0, 0, key=key)  # one is enough
        self._queue.has_marker = False
