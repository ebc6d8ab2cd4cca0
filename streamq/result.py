"""The handle of a job: its state, its result, and waiting for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from streamq.asking import ask, ask_async
from streamq.handle import Handle
from streamq.job import JobState
from streamq.waiting import UNKNOWN, Patience, refuse_blocking, wait

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import timedelta

    from streamq.job import JobInfo, Progress

T_co = TypeVar("T_co", covariant=True)


class AsyncResult(Handle, Generic[T_co]):
    """One job. Cheap to make, safe for threads; two handles of one job are equal.

    Each method with an `a` before its name is the same for async code; `await job` is
    `await job.aget()`.
    """

    __slots__ = ()

    # --- waiting ---------------------------------------------------------------------------

    def get(self, timeout: float | timedelta | None = None, propagate: bool = True) -> T_co:  # noqa: FBT001, FBT002 - Celery's signature
        """Wait for the job to end and return its result.

        `timeout` is in seconds, None waits for ever, 0 not at all. Raises what the task raised
        (with `propagate=False` it is returned), `JobCancelled`, `JobExpired`, `ResultError`;
        `WaitTimeout`; at once `UnknownJob`, `ResultExpired`, `ResultIgnored`; inside a task
        `BlockingGetRefused`. Whoever waits when a job with `ignore_result` ends gets None.
        """
        if self.outcome is None:
            if timeout != 0:
                refuse_blocking("get")
            until = Patience.of(timeout)
            keys = ask(self._runtime, self.queue_keys())
            for _, outcome in wait(self._runtime, {self.id: keys}, until):
                self.outcome = outcome
            if self.outcome is None:
                raise ask(self._runtime, self._timed_out(timeout))
        if self.outcome.kind == UNKNOWN:
            self.outcome = None
            raise ask(self._runtime, self._missing())
        return cast("T_co", self._settled(self.outcome, propagate))

    async def aget(self, timeout: float | timedelta | None = None, propagate: bool = True) -> T_co:  # noqa: FBT001, FBT002 - as `get`
        """As `get`; does not block the loop."""
        if self.outcome is None:
            from streamq.waiting_async import wait_async  # noqa: PLC0415 - loads asyncio

            until = Patience.of(timeout)
            keys = await ask_async(self._runtime, self.queue_keys())
            async for _, outcome in wait_async(self._runtime, {self.id: keys}, until):
                self.outcome = outcome
            if self.outcome is None:
                raise await ask_async(self._runtime, self._timed_out(timeout))
        if self.outcome.kind == UNKNOWN:
            self.outcome = None
            raise await ask_async(self._runtime, self._missing())
        return cast("T_co", self._settled(self.outcome, propagate))

    def __await__(self) -> Generator[Any, None, T_co]:
        return self.aget().__await__()

    # --- looking ---------------------------------------------------------------------------

    def info(self) -> JobInfo:
        """All of the job in one read; its state is `unknown` where nobody knows it."""
        return ask(self._runtime, self._info())

    async def ainfo(self) -> JobInfo:
        """As `info`."""
        return await ask_async(self._runtime, self._info())

    @property
    def state(self) -> JobState:
        """Where the job is in its life."""
        return ask(self._runtime, self._state())

    async def astate(self) -> JobState:
        """As `state`."""
        return await ask_async(self._runtime, self._state())

    def ready(self) -> bool:
        """Whether `get()` would answer at once: the job has ended, or nobody knows it."""
        return _is_ready(self.state)

    async def aready(self) -> bool:
        """As `ready`."""
        return _is_ready(await self.astate())

    def successful(self) -> bool:
        """Whether the job ended well."""
        return self.state is JobState.SUCCEEDED

    async def asuccessful(self) -> bool:
        """As `successful`."""
        return await self.astate() is JobState.SUCCEEDED

    def failed(self) -> bool:
        """Whether the job is dead."""
        return self.state is JobState.DEAD

    async def afailed(self) -> bool:
        """As `failed`."""
        return await self.astate() is JobState.DEAD

    @property
    def result(self) -> T_co | BaseException | None:
        """What the job returned, or the exception of a dead one; None where it hasn't ended."""
        return cast("T_co | BaseException | None", _result(self.info()))

    async def aresult(self) -> T_co | BaseException | None:
        """As `result`."""
        return cast("T_co | BaseException | None", _result(await self.ainfo()))

    @property
    def traceback(self) -> str | None:
        """The worker's traceback of the last failure, as text; None where there is none."""
        return self.info().traceback or None

    async def atraceback(self) -> str | None:
        """As `traceback`."""
        return (await self.ainfo()).traceback or None

    @property
    def progress(self) -> Progress | None:
        """What the running job last said of its progress."""
        return self.info().progress

    async def aprogress(self) -> Progress | None:
        """As `progress`."""
        return (await self.ainfo()).progress

    # --- acting ----------------------------------------------------------------------------

    def cancel(self) -> bool:
        """Take the job back before it runs. False: it runs already, has ended, or is unknown."""
        return ask(self._runtime, self._cancel())

    async def acancel(self) -> bool:
        """As `cancel`."""
        return await ask_async(self._runtime, self._cancel())

    revoke, arevoke = cancel, acancel  # Celery's word

    def forget(self) -> bool:
        """Remove the kept result; later `get()`s raise `ResultExpired`. False: there was none."""
        return ask(self._runtime, self._forget())

    async def aforget(self) -> bool:
        """As `forget`."""
        return await ask_async(self._runtime, self._forget())


def _is_ready(state: JobState) -> bool:
    return state.ended or state is JobState.UNKNOWN


def _result(info: JobInfo) -> Any:
    return info.error if info.state is JobState.DEAD else info.result
