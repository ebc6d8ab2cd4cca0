"""Reading along: what a job says while it runs, as it comes, for `for` and for `async for`.

The listener says that there is news, or that the job has ended; then the server is asked for what
is new. Whoever comes late, or loses the connection, goes on where it was.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from streamq import operations
from streamq.asking import Command
from streamq.eager_saying import RanHere
from streamq.errors import BrokerUnavailable
from streamq.listener import Watch
from streamq.sources import PAGE
from streamq.waiting import ASK_AGAIN_S, UNKNOWN, Patience, refuse_blocking, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from datetime import timedelta

    from streamq.asking import Question
    from streamq.desk import Desk
    from streamq.keys import QueueKeys
    from streamq.operations import Outcome
    from streamq.result import AsyncResult
    from streamq.sources import Source

T = TypeVar("T")

CALM_S = 0.5  # between questions while the server is away


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """Something for who reads."""

    value: T


# Steps: calls or a command to send, seconds to sleep unless woken, something for who reads.
Reading: TypeAlias = "Generator[list[Any] | Command | float | Item[T], Any, None]"


class Along(Generic[T]):
    """What a job says, as it comes. Each loop over it begins at the beginning."""

    def __init__(
        self,
        desk: Desk,
        job: AsyncResult[Any],
        source: type[Source[T]],
        timeout: float | timedelta | None,
    ) -> None:
        self.desk = desk
        self.job = job
        self._source = source
        self._timeout = timeout

    def __iter__(self) -> Iterator[T]:
        """Block until there is more; refused inside a task, whose slot it would hold."""
        if self._timeout != 0:
            refuse_blocking(self._source.verb)
        return _read(self)

    def __aiter__(self) -> AsyncIterator[T]:
        """As in `for`, in the running loop."""
        from streamq.reading_along_async import read_async  # noqa: PLC0415 - loads asyncio

        return read_async(self)

    def steps(self, watch: Watch) -> Reading[T]:
        """What to do, one after the other, until the job has ended and all it said is read."""
        job, until = self.job, Patience.of(self._timeout)
        keys = yield from self.desk.queue_keys(job)
        source = self._source(self.desk.runtime, keys, job)
        if isinstance(job.outcome, RanHere):
            yield from map(Item, source.said_here(job.outcome.said))
            yield from self._end(source, job.outcome)
            return
        asked = _Asked()
        while True:
            try:
                yield from self._ask(watch, keys, asked)
                if watch.has_news or watch.heard:
                    watch.has_news = False
                    has_ended = bool(watch.heard)  # before reading: nothing is said after it
                    source.pushed, watch.pushed = watch.pushed, b""
                    items = yield from source.read()
                    for item in items:
                        yield Item(item)
                    if len(items) == PAGE:
                        watch.has_news = True
                    elif has_ended:
                        break
                    continue
            except BrokerUnavailable:
                if not asked.is_answered:
                    raise
                watch.has_news = True  # as far as we know
                yield CALM_S
                continue
            if not until.left:
                raise (yield from self.desk.timed_out(job, self._timeout))
            yield min(until.left, max(0.0, asked.at + ASK_AGAIN_S - time.monotonic()))
        yield from self._end(source, watch.heard.popleft()[1])

    def _ask(self, watch: Watch, keys: QueueKeys, asked: _Asked) -> Question[None]:
        """Ask to be told, where that isn't so; what was said before that may have been missed."""
        listener = self.desk.runtime.listener
        generation = listener.generation
        if generation != asked.generation or time.monotonic() - asked.at >= ASK_AGAIN_S:
            asked.at = time.monotonic()
            ids = [self.job.id]
            answers = yield [operations.wait(keys, channel=listener.channel, ids=ids)]
            take(watch, ids, answers[0])
            asked.generation, asked.is_answered, watch.has_news = generation, True, True
        listener.start()
        if listener.failure is not None:
            raise listener.failure

    def _end(self, source: Source[T], outcome: Outcome) -> Question[None]:
        if outcome.kind == UNKNOWN:
            if not source.has_read:
                raise (yield from self.desk.missing(self.job))
        elif source.raises_failure:
            self.desk.settled(self.job, outcome, propagate=True)


class _Asked:
    """When, and over which connection, the server was asked to tell."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.generation = -1
        self.is_answered = False


def _read(along: Along[T]) -> Iterator[T]:
    runtime, ids, woken = along.desk.runtime, [along.job.id], threading.Event()
    watch = Watch(ids, woken.set, wants_news=True)
    runtime.listener.add(watch)
    steps, answer = along.steps(watch), None
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Item):
                    yield step.value
                elif isinstance(step, float):
                    woken.wait(step)
                    woken.clear()
                elif isinstance(step, Command):
                    answer = runtime.client.command(*step.words, key=step.key)
                else:
                    answer = runtime.client.run_many(step)
            except BrokerUnavailable as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration:
        return
    finally:
        runtime.listener.remove(watch, ids)
