"""The part of an application that collects results: by id, of many jobs, as they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from streamq.ids import parse_id
from streamq.result import AsyncResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from datetime import timedelta

    from streamq.cancellation import Cancellation
    from streamq.runtime import Runtime

T = TypeVar("T")


class Collecting:
    """See `StreamQ`."""

    runtime: Runtime

    def result(self, job_id: str) -> AsyncResult[Any]:
        """The handle of a job by its id. Asks nobody; `UnknownJob` for what can't be an id."""
        return AsyncResult(parse_id(job_id).id, self.runtime)

    def cancel(self, job_id: str) -> Cancellation:
        """End a job by its id, as `AsyncResult.cancel`; `UnknownJob` for what can't be an id."""
        return self.result(job_id).cancel()

    async def acancel(self, job_id: str) -> Cancellation:
        """As `cancel`, from async code."""
        return await self.result(job_id).acancel()

    @overload
    def gather(
        self,
        jobs: Iterable[AsyncResult[T]],
        timeout: float | timedelta | None = None,
        propagate: Literal[True] = True,  # noqa: FBT002 - as `get`
    ) -> list[T]: ...
    @overload
    def gather(
        self,
        jobs: Iterable[AsyncResult[T]],
        timeout: float | timedelta | None = None,
        *,
        propagate: bool,
    ) -> list[T | BaseException]: ...
    def gather(
        self,
        jobs: Iterable[AsyncResult[T]],
        timeout: float | timedelta | None = None,
        propagate: bool = True,  # noqa: FBT001, FBT002 - as `get`
    ) -> list[Any]:
        """Wait for all; their results in the order of the jobs. Raises as `get`, at the first.

        With `propagate=False` an exception stands in its job's place, and all are waited for.
        """
        return self.runtime.desk.gather(jobs, timeout, propagate=propagate)

    @overload
    async def agather(
        self,
        jobs: Iterable[AsyncResult[T]],
        timeout: float | timedelta | None = None,
        propagate: Literal[True] = True,  # noqa: FBT002 - as `get`
    ) -> list[T]: ...
    @overload
    async def agather(
        self,
        jobs: Iterable[AsyncResult[T]],
        timeout: float | timedelta | None = None,
        *,
        propagate: bool,
    ) -> list[T | BaseException]: ...
    async def agather(
        self,
        jobs: Iterable[AsyncResult[T]],
        timeout: float | timedelta | None = None,
        propagate: bool = True,  # noqa: FBT001, FBT002 - as `get`
    ) -> list[Any]:
        """As `gather`, from async code."""
        return await self.runtime.desk.agather(jobs, timeout, propagate=propagate)

    def as_completed(
        self, jobs: Iterable[AsyncResult[T]], timeout: float | timedelta | None = None
    ) -> Iterator[AsyncResult[T]]:
        """Each job as it ends; its `get()` answers at once. Raises `WaitTimeout`."""
        return self.runtime.desk.as_completed(jobs, timeout)

    def aas_completed(
        self, jobs: Iterable[AsyncResult[T]], timeout: float | timedelta | None = None
    ) -> AsyncIterator[AsyncResult[T]]:
        """As `as_completed`, for `async for`."""
        return self.runtime.desk.aas_completed(jobs, timeout)
