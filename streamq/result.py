"""The handle of a job: its state, its result, and waiting for it.

Only words: what they do is behind `runtime.desk`, which is loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

from streamq.job_state import JobState

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import timedelta

    from streamq.cancellation import Cancellation
    from streamq.job import JobInfo, LogLine, Progress
    from streamq.operations import Outcome
    from streamq.reading_along import Along
    from streamq.runtime import Runtime

T_co = TypeVar("T_co", covariant=True)


class AsyncResult(Generic[T_co]):
    """One job. Cheap to make, safe for threads; two handles of one job are equal.

    Each method with an `a` before its name is the same for async code; `await job` is
    `await job.aget()`.
    """

    __slots__ = ("_runtime", "id", "known", "outcome", "queue", "ran_here", "task")

    def __init__(
        self,
        job_id: str,
        runtime: Runtime,
        queue: str | None = None,  # None: as the id says
        task: str = "",
        *,
        known: bool = False,  # this process enqueued it
        ran_here: Outcome | None = None,  # it ran in eager mode: no server knows of it
    ) -> None:
        self.id = job_id
        self._runtime = runtime
        self.queue = queue
        self.task = task
        self.known = known
        self.outcome = ran_here  # how it ended, once that is known here
        self.ran_here = ran_here is not None

    # --- waiting ---------------------------------------------------------------------------

    @overload
    def get(
        self,
        timeout: float | timedelta | None = None,
        propagate: Literal[True] = True,  # noqa: FBT002 - as below
    ) -> T_co: ...
    @overload
    def get(
        self, timeout: float | timedelta | None = None, *, propagate: bool
    ) -> T_co | BaseException: ...
    def get(self, timeout: float | timedelta | None = None, propagate: bool = True) -> Any:  # noqa: FBT001, FBT002 - Celery's signature
        """Wait for the job to end and return its result.

        `timeout` is in seconds, None waits for ever, 0 not at all. Raises what the task raised
        (with `propagate=False` it is returned), `JobCancelled`, `JobExpired`, `ResultError`;
        `WaitTimeout`; at once `UnknownJob`, `ResultExpired`, `ResultIgnored`; inside a task
        `BlockingGetRefused`. Whoever waits when a job with `ignore_result` ends gets None.
        """
        return self._runtime.desk.get(self, timeout, propagate=propagate)

    @overload
    async def aget(
        self,
        timeout: float | timedelta | None = None,
        propagate: Literal[True] = True,  # noqa: FBT002 - as below
    ) -> T_co: ...
    @overload
    async def aget(
        self, timeout: float | timedelta | None = None, *, propagate: bool
    ) -> T_co | BaseException: ...
    async def aget(self, timeout: float | timedelta | None = None, propagate: bool = True) -> Any:  # noqa: FBT001, FBT002 - as `get`
        """As `get`; does not block the loop."""
        return await self._runtime.desk.aget(self, timeout, propagate=propagate)

    def __await__(self) -> Generator[Any, None, T_co]:
        return self.aget().__await__()

    # --- looking ---------------------------------------------------------------------------

    def info(self) -> JobInfo:
        """All of the job in one read; its state is `unknown` where nobody knows it."""
        desk = self._runtime.desk
        return desk.ask(desk.info(self))

    async def ainfo(self) -> JobInfo:
        """As `info`."""
        desk = self._runtime.desk
        return await desk.aask(desk.info(self))

    @property
    def state(self) -> JobState:
        """Where the job is in its life."""
        desk = self._runtime.desk
        return desk.ask(desk.state(self))

    async def astate(self) -> JobState:
        """As `state`."""
        desk = self._runtime.desk
        return await desk.aask(desk.state(self))

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

    # --- reading along ---------------------------------------------------------------------

    def watch(self, timeout: float | timedelta | None = None) -> Along[Progress]:
        """The job's progress as it changes, until it has ended: `for` or `async for`.

        Only the latest is kept, so fast changes are skipped. Raises `UnknownJob` and the like as
        `get` does, `WaitTimeout` when `timeout` seconds have passed; not what the task raised.
        """
        return self._runtime.desk.along("watch", self, timeout)

    def stream(self, timeout: float | timedelta | None = None) -> Along[Any]:
        """What the job gives out with `job.emit`, from its first chunk: `for` or `async for`.

        Every chunk comes once and in order, also for who comes late or loses the connection, as
        long as the result is kept. Ends when the job has ended; raises then as `get` does where it
        failed, `ResultExpired` where chunks are gone, `WaitTimeout` after `timeout` seconds. A run
        that is done over emits anew: its chunks follow those of the run before.
        """
        return self._runtime.desk.along("stream", self, timeout)

    def follow_log(self, timeout: float | timedelta | None = None) -> Along[LogLine]:
        """The lines of `job.log` as they come, until the job has ended: `for` or `async for`."""
        return self._runtime.desk.along("follow_log", self, timeout)

    def log(self) -> list[LogLine]:
        """What the job has logged with `job.log` so far: the last 1,000 lines."""
        desk = self._runtime.desk
        return desk.ask(desk.log(self))

    async def alog(self) -> list[LogLine]:
        """As `log`."""
        desk = self._runtime.desk
        return await desk.aask(desk.log(self))

    # --- acting ----------------------------------------------------------------------------

    def cancel(self) -> Cancellation:
        """End the job; what became of it, which is true where it is cancelled or will be.

        What waits, is scheduled or parked is gone at once. A running one is `ASKED`: its worker is
        told within 2 s and ends it, and it is not run again whatever becomes of its worker. If it
        ends by itself first, that stands. Again it gives the same answer and changes nothing.
        """
        desk = self._runtime.desk
        return desk.ask(desk.cancel(self))

    async def acancel(self) -> Cancellation:
        """As `cancel`."""
        desk = self._runtime.desk
        return await desk.aask(desk.cancel(self))

    revoke, arevoke = cancel, acancel  # Celery's word

    def forget(self) -> bool:
        """Remove the kept result; later `get()`s raise `ResultExpired`. False: there was none."""
        desk = self._runtime.desk
        return desk.ask(desk.forget(self))

    async def aforget(self) -> bool:
        """As `forget`."""
        desk = self._runtime.desk
        return await desk.aask(desk.forget(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncResult) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<AsyncResult {self.id}>"


def _is_ready(state: JobState) -> bool:
    return state.ended or state is JobState.UNKNOWN


def _result(info: JobInfo) -> Any:
    return info.error if info.state is JobState.DEAD else info.result
