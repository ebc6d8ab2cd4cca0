"""What can be read along of a job: its progress, its log, what it emits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from streamq import operations
from streamq.asking import Command
from streamq.eager_saying import RanHere
from streamq.errors import ResultExpired
from streamq.job import LogLine, Progress
from streamq.job_reading import unpack_progress
from streamq.operations import CHUNKS, LOG, read_trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamq.asking import Question
    from streamq.eager_saying import SaidHere
    from streamq.keys import QueueKeys
    from streamq.operations import Entry
    from streamq.result import AsyncResult
    from streamq.runtime import Runtime

T = TypeVar("T")

PAGE = 200  # entries of a trail that one question takes


class Source(ABC, Generic[T]):
    """One reader's place in what one job says."""

    verb: ClassVar[str]  # of AsyncResult
    raises_failure: ClassVar[bool] = False  # at the end of a job that failed

    def __init__(self, runtime: Runtime, keys: QueueKeys, job: AsyncResult[Any]) -> None:
        self._runtime = runtime
        self._keys = keys
        self._job = job
        self.has_read = False
        self.pushed = b""  # that came along with the news

    @abstractmethod
    def read(self) -> Question[list[T]]:
        """What is new; a full page says that there may be more."""

    @abstractmethod
    def said_here(self, said: SaidHere) -> Iterable[T]:
        """All that a job of eager mode said."""


class ProgressSource(Source[Progress]):
    """How far it is: the latest, where that has changed."""

    verb = "watch"

    def __init__(self, runtime: Runtime, keys: QueueKeys, job: AsyncResult[Any]) -> None:
        super().__init__(runtime, keys, job)
        self._last = b""

    def read(self) -> Question[list[Progress]]:
        """The latest, or nothing. What was pushed is all that is left where the job has ended."""
        packed, self.pushed = self.pushed, b""
        if not packed or packed == self._last:
            answers = yield [operations.look(self._keys, ids=[self._job.id])]
            packed = answers[0][0].progress
        if not packed or packed == self._last:
            return []
        self._last, self.has_read = packed, True
        progress = unpack_progress(packed)
        return [] if progress is None else [progress]

    def said_here(self, said: SaidHere) -> Iterable[Progress]:
        """The last."""
        return [] if said.progress is None else [said.progress]


class _TrailSource(Source[T]):
    """A trail, from its beginning."""

    kind: ClassVar[str]

    def __init__(self, runtime: Runtime, keys: QueueKeys, job: AsyncResult[Any]) -> None:
        super().__init__(runtime, keys, job)
        self._at = "-"

    def read(self) -> Question[list[T]]:
        """The next page."""
        key = self._keys.trail(self.kind, self._job.id)
        reply = yield Command(("XRANGE", key, self._at, "+", "COUNT", PAGE), key)
        entries = read_trail(reply)
        if entries:
            self._at, self.has_read = f"({entries[-1].id}", True
        return list(self._values(entries))

    @abstractmethod
    def _values(self, entries: Iterable[Entry]) -> Iterable[T]: ...


class LogSource(_TrailSource[LogLine]):
    """Its log; of a long one the last 1,000 lines."""

    verb, kind = "follow_log", LOG

    def _values(self, entries: Iterable[Entry]) -> Iterable[LogLine]:
        for entry in entries:
            when = datetime.fromtimestamp(entry.ms / 1000, UTC)
            yield LogLine(when, entry.value.decode("utf-8", "replace"))

    def said_here(self, said: SaidHere) -> Iterable[LogLine]:
        """Its lines."""
        return said.lines


class ChunkSource(_TrailSource[Any]):
    """What it emits: every chunk, once."""

    verb, kind = "stream", CHUNKS
    raises_failure = True

    def __init__(self, runtime: Runtime, keys: QueueKeys, job: AsyncResult[Any]) -> None:
        super().__init__(runtime, keys, job)
        self._last = ("", 0)  # run and number

    def _values(self, entries: Iterable[Entry]) -> Iterable[Any]:
        types = self._runtime.types_of(self._job.task)
        for entry in entries:
            run, number = self._last
            if entry.number != (number + 1 if entry.run == run else 1):
                raise ResultExpired(
                    f"job {self._job.id}: chunks before number {entry.number} are gone, 10,000 are "
                    "kept; read along, or emit larger chunks",
                    job_id=self._job.id,
                )
            self._last = (entry.run, entry.number)
            yield self._runtime.codec.decode_value(entry.value, types)

    def said_here(self, said: SaidHere) -> Iterable[Any]:
        """Its chunks."""
        codec, types = self._runtime.codec, self._runtime.types_of(self._job.task)
        return (codec.decode_value(chunk, types) for chunk in said.chunks)


Verb: TypeAlias = Literal["watch", "stream", "follow_log"]
SOURCES: Mapping[Verb, type[Source[Any]]] = {
    "watch": ProgressSource,
    "stream": ChunkSource,
    "follow_log": LogSource,
}


def whole_log(runtime: Runtime, keys: QueueKeys, job: AsyncResult[Any]) -> Question[list[LogLine]]:
    """All the lines that there are now."""
    if isinstance(job.outcome, RanHere):
        return job.outcome.said.lines
    source, lines = LogSource(runtime, keys, job), list[LogLine]()
    while True:
        page = yield from source.read()
        lines += page
        if len(page) < PAGE:
            return lines
