"""Tells the application's handlers what happens to jobs, beside the jobs and in order."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from streamq.hooks import JobEvent
from streamq.operations import Ack, Again, Burial, HandBack, Stray, Throttled
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamq.codec import Codec
    from streamq.hooks import EventName, Handler
    from streamq.operations import Look
    from streamq.worker.held import Ended, Held
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

MOST = 10_000  # events that wait for their handlers; more are dropped, and counted
IDLE_S = 60.0  # between looks without an alarm: only a net
_BY_WORD: dict[str, EventName] = {  # of the server's answer, whatever was asked
    "LEASELOST": "job.lost",
    "CANCELLED": "job.cancelled",
    "POISON": "job.dead",
}
_BY_PLACE: defaultdict[str, EventName] = defaultdict(  # of a job that was taken back
    lambda: "job.reclaimed", D="job.dead", cancelled="job.cancelled"
)
_BY_OUTCOME: dict[type, EventName] = {
    Ack: "job.succeeded",
    Again: "job.retried",
    Throttled: "job.retried",
    Burial: "job.dead",
    HandBack: "job.released",
    Stray: "job.released",
}


class Teller(Duty):
    """Events come in from any thread; handlers are called in the loop, plain ones on a thread.

    One at a time: what they hear of a job is in its order. They can't hold up a job.
    """

    def __init__(
        self,
        handlers: Mapping[str, Sequence[Handler]],
        codec: Codec,
        weather: Weather,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(weather)
        self._handlers = handlers
        self._codec = codec
        self._loop = loop
        self._waiting: deque[JobEvent] = deque()
        self._dropped = 0

    def started(self, held: Held) -> None:
        """A run begins; from any thread."""
        if "job.started" in self._handlers:
            self._add(self._event("job.started", held))
            self._loop.call_soon_threadsafe(self.alarm.set)

    def settled(self, ended: Sequence[Ended], words: Sequence[str]) -> None:
        """The server has answered to how these ended."""
        for one, word in zip(ended, words, strict=True):
            event = self._what(one, word)
            if event is not None and event.name in self._handlers:
                self._add(event)
        if self._waiting:
            self.alarm.set()

    def expired(self, queue: str, late: Sequence[str]) -> None:
        """These jobs had expired when they were to be claimed; their summaries."""
        for line in late if "job.expired" in self._handlers else ():
            job_id, _, attempt, _, _, task = line.split(" ")
            self._add(JobEvent("job.expired", job_id, task, queue, int(attempt)))
        self.alarm.set()

    @property
    def wants_taken_back(self) -> bool:
        """Whether anybody listens to what becomes of jobs that were lost with their worker."""
        return not self._handlers.keys().isdisjoint(_BY_PLACE.values())

    def taken_back(self, queue: str, found: Sequence[Look]) -> None:
        """These were taken back from a worker that is gone; how they stand now."""
        for one in found:
            state, outcome = one.state, one.outcome
            name = _BY_PLACE[state.place if state else outcome.kind if outcome else ""]
            task = one.record.task if one.record else outcome.task if outcome else ""
            attempt = state.attempt if state else outcome.attempts if outcome else 0
            if task and name in self._handlers:
                reason = "poison" if name == "job.dead" else ""
                self._add(JobEvent(name, one.id, task, queue, attempt, reason=reason))
        self.alarm.set()

    async def run(self, stop: asyncio.Event) -> None:
        """As a duty does; at the end, what still waits is told."""
        await super().run(stop)
        await self.once()

    async def once(self) -> float:
        """Tell what waits."""
        while self._waiting:
            event = self._waiting.popleft()
            for handler in self._handlers[event.name]:
                try:
                    await _call(handler, event)
                except Exception:
                    name = getattr(handler, "__qualname__", handler)
                    log.exception("the handler %s of %s failed", name, event.name)
        if self._dropped:
            log.error("%d events were dropped: their handlers are too slow", self._dropped)
            self._dropped = 0
        return IDLE_S

    def _add(self, event: JobEvent) -> None:
        if len(self._waiting) >= MOST:
            self._dropped += 1
        else:
            self._waiting.append(event)

    def _what(self, one: Ended, word: str) -> JobEvent | None:
        outcome = one.outcome
        more: dict[str, Any] = {"seconds": one.seconds}
        name: EventName | None = _BY_WORD.get(word) or _BY_OUTCOME.get(type(outcome))
        if word == "POISON":
            more["reason"] = "poison"
        elif word in _BY_WORD:
            pass
        elif isinstance(outcome, Again):
            more |= {"error": self._said(outcome.error), "delay": outcome.delay_ms / 1000}
        elif isinstance(outcome, Throttled):
            more |= {"reason": "rate limit", "delay": outcome.retry_after_ms / 1000}
        elif isinstance(outcome, Burial):
            more |= {"error": self._said(outcome.error), "reason": outcome.reason}
        elif isinstance(outcome, Stray):
            more |= {"reason": "unknown task"}
        elif isinstance(outcome, HandBack):
            more |= {"error": one.problem, "reason": "crashed" if outcome.crashed else ""}
        return self._event(name, one.held, **more) if name else None

    def _said(self, encoded: bytes) -> str:
        return str(self._codec.describe_exception(encoded)) if encoded else ""

    @staticmethod
    def _event(name: EventName, held: Held, **more: Any) -> JobEvent:
        job = held.job
        return JobEvent(name, job.id, job.record.task, held.lease.queue, job.attempt, **more)


async def _call(handler: Callable[[JobEvent], Any], event: JobEvent) -> None:
    if asyncio.iscoroutinefunction(handler):
        await handler(event)
    else:
        answer = await asyncio.to_thread(handler, event)
        if isawaitable(answer):  # a partial of an async function, or the like
            await answer
