"""Generators around a call: begun before it, told how it went, never in its way.

Each is `def f(subject): …; yield; …`, as for `contextlib.contextmanager`, except that what was
raised goes on whether or not the generator catches it.
"""

from __future__ import annotations

from inspect import isasyncgenfunction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence

    from streamq.context import RunningJob
    from streamq.hooks import AroundEnqueue, AroundRun, EnqueuedCall

    Plain = Generator[None, Any, None]
    Async = AsyncGenerator[None, Any]


def begin(generator: Plain) -> Plain:
    """Run it to its `yield`."""
    try:
        next(generator)
    except StopIteration:
        raise _no_yield(generator) from None
    return generator


def returned(generator: Plain, value: Any) -> None:
    """Its call gave this."""
    try:
        generator.send(value)
    except StopIteration:
        return
    generator.close()
    raise _second_yield(generator)


def raised(generator: Plain, error: BaseException) -> None:
    """Its call raised this, which is the caller's to raise on; raises another if it does."""
    try:
        generator.throw(error)
    except StopIteration:
        return
    except BaseException as other:
        if other is error:
            return
        raise
    generator.close()
    raise _second_yield(generator)


def run_around(makers: Sequence[AroundRun], job: RunningJob, call: Callable[[], Any]) -> Any:
    """A plain task's call, with what goes around it; the first is outermost."""
    if not makers:
        return call()
    generator: Any = makers[0](job)
    begin(generator)
    try:
        value = run_around(makers[1:], job, call)
    except BaseException as error:
        raised(generator, error)
        raise
    returned(generator, value)
    return value


async def run_async(
    makers: Sequence[AroundRun], job: RunningJob, call: Callable[[], Awaitable[Any]]
) -> Any:
    """As `run_around`, for an async task."""
    if not makers:
        return await call()
    generator: Any = makers[0](job)
    is_async = hasattr(generator, "asend")
    if is_async:
        await _abegin(generator)
    else:
        begin(generator)
    try:
        value = await run_async(makers[1:], job, call)
    except BaseException as error:
        if is_async:
            await _araised(generator, error)
        else:
            raised(generator, error)
        raise
    if is_async:
        await _areturned(generator, value)
    else:
        returned(generator, value)
    return value


def plain_ones(makers: Sequence[AroundRun]) -> tuple[AroundRun, ...]:
    """Those that can go around a plain task."""
    return tuple(make for make in makers if not isasyncgenfunction(make))


class Entered:
    """What goes around one call's way to the server, begun; it ends with `sent` or `failed`."""

    __slots__ = ("_generators",)

    def __init__(self, makers: Sequence[AroundEnqueue], call: EnqueuedCall) -> None:
        self._generators: list[Plain] = []
        try:
            for make in makers:
                generator: Any = make(call)
                self._generators.append(begin(generator))
        except BaseException as error:
            self.failed(error)
            raise

    def sent(self, job_id: str) -> None:
        """It is accepted, under this id or as the job that has it."""
        while self._generators:
            returned(self._generators.pop(), job_id)

    def failed(self, error: BaseException) -> None:
        """It is not, or nobody knows."""
        while self._generators:
            raised(self._generators.pop(), error)


async def _abegin(generator: Async) -> None:
    try:
        await anext(generator)
    except StopAsyncIteration:
        raise _no_yield(generator) from None


async def _areturned(generator: Async, value: Any) -> None:
    try:
        await generator.asend(value)
    except StopAsyncIteration:
        return
    await generator.aclose()
    raise _second_yield(generator)


async def _araised(generator: Async, error: BaseException) -> None:
    try:
        await generator.athrow(error)
    except StopAsyncIteration:
        return
    except BaseException as other:
        if other is error:
            return
        raise
    await generator.aclose()
    raise _second_yield(generator)


def _no_yield(generator: Any) -> RuntimeError:
    return RuntimeError(f"{generator.__qualname__} did not yield: it needs one `yield`")


def _second_yield(generator: Any) -> RuntimeError:
    return RuntimeError(f"{generator.__qualname__} yields twice: it needs one `yield`")
