"""What a running job can say: how far it is, where it can go on from, what it logs and emits."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from streamq.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

T = TypeVar("T")

_MESSAGE_LENGTH = 1000  # characters of a progress message that are kept
_EXACT = 1 << 63  # larger integers are kept as floats
_LINE_LENGTH = 4000  # of a line of the log


class Saying:
    """The part of a job that speaks. What a detached one says, nobody hears."""

    __slots__ = ()

    id: str
    restored: Any
    report: Callable[[str, Any], Any] | None

    def set_progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how far the job is: `set_progress(30, 100, "half a page")`. Cheap.

        Only the latest is kept, and sent twice a second at most. Raises `TypeError` or
        `ValueError` for what is no number; never for a server that is away.
        """
        from streamq.job import Progress  # noqa: PLC0415 - 5 ms that `import streamq` is spared

        progress = Progress(
            _number(done, "done"),
            None if total is None else _number(total, "total"),
            _sendable(str(message)[:_MESSAGE_LENGTH]),
        )
        self._say("progress", progress)

    def log(self, *parts: object) -> None:
        """Add a line to the job's own log, put together as `print` does; cheap.

        It can be read while the job runs and as long as its result is kept: the last 1,000 lines of
        at most 4,000 characters (`result.log()`, `streamq inspect job ID`). Lines of a run that
        ends are there when its result is.
        """
        self._say("log", _sendable(" ".join(map(str, parts))[:_LINE_LENGTH]))

    def emit(self, chunk: Any) -> None:
        """Give out a part of the result, for those who read `result.stream()`; cheap.

        Every chunk arrives once and in order; a run that is done over emits anew, after what is
        there. Kept as long as the result is. Raises `EncodeError` for what can't be sent, and
        `ResultError` over 10,000 chunks or 16 MiB of one run.
        """
        self._say("chunk", chunk)

    def checkpoint(self, value: Any) -> None:
        """Keep where the job can go on from: `restored` in whatever run comes next.

        Returns when the server has it, and renews the lease; while the server is away it waits.
        The latest one counts, and goes when the job ends. In an `async def` task: `acheckpoint`.

        Raises `LeaseLost` when the job runs elsewhere by now or has ended: stop working on it;
        `EncodeError` for what can't be sent, `ValueError` for more than 64 KiB.
        """
        if self.report is not None and self.report("checkpoint", value) is False:
            raise self._lost()

    async def acheckpoint(self, value: Any) -> None:
        """As `checkpoint`; does not block the loop."""
        if self.report is not None and await self.report("acheckpoint", value) is False:
            raise self._lost()

    def iterate(self, rows: Iterable[T], every: int = 100) -> Iterator[T]:
        """Go through rows, and after a crash or a retry go on where the last checkpoint was.

        A checkpoint (how many rows are done) is made after `every` rows, 1 or more, and at the
        end, and progress is set with it. Rows must come in the same order in each run; those
        since the last checkpoint come again. The job has no other checkpoint beside.
        """
        done, total = self._begin(every), _length(rows)
        for row in islice(rows, done, None):
            yield row
            done += 1
            if done % every == 0:
                self.checkpoint(done)
                self.set_progress(done, total)
        self.checkpoint(done)
        self.set_progress(done, total)

    async def aiterate(
        self, rows: AsyncIterable[T] | Iterable[T], every: int = 100
    ) -> AsyncIterator[T]:
        """As `iterate`, for async code; `rows` may be an async iterable."""
        begin, total = self._begin(every), _length(rows)
        done = 0
        async for row in _each(rows):
            done += 1
            if done <= begin:
                continue
            yield row
            if done % every == 0:
                await self.acheckpoint(done)
                self.set_progress(done, total)
        await self.acheckpoint(max(done, begin))
        self.set_progress(max(done, begin), total)

    def _begin(self, every: int) -> int:
        if type(every) is not int or every < 1:
            raise ValueError(f"every={every!r}: a whole number of rows, 1 or more")
        begin: object = self.restored or 0
        if isinstance(begin, bool) or not isinstance(begin, int):
            raise ValueError(  # noqa: TRY004 - the value that is kept is wrong, not an argument
                f"job {self.id}: its checkpoint is {begin!r}, iterate() keeps a number of rows;\n"
                "a job has one checkpoint: use job.checkpoint() or job.iterate(), not both"
            )
        return begin

    def _say(self, what: str, value: Any) -> None:
        if self.report is not None:
            self.report(what, value)

    def _lost(self) -> LeaseLost:
        return LeaseLost(
            f"job {self.id} is no longer this run's: it was taken back, or has ended; stop here",
            job_id=self.id,
        )


async def _each(rows: AsyncIterable[T] | Iterable[T]) -> AsyncIterator[T]:
    if hasattr(rows, "__aiter__"):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row


def _length(rows: Any) -> int | None:
    return len(rows) if hasattr(rows, "__len__") else None


def _number(given: Any, what: str) -> float:
    """As it can be kept; also of other libraries' numbers, which have a float."""
    if not isinstance(given, (int, float)) and hasattr(given, "__float__"):
        given = float(given)
    rule = "must be a number, not NaN or infinite"
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(f"set_progress({what}): {rule}, not {given!r}")
    if isinstance(given, int) and abs(given) < _EXACT:
        return given
    try:
        kept = float(given)
    except OverflowError:
        kept = math.inf
    if not math.isfinite(kept):
        raise ValueError(f"set_progress({what}): {rule}, not {kept}")
    return kept


def _sendable(text: str) -> str:
    """What no UTF-8 can say (a file name with bytes that are none) is written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
