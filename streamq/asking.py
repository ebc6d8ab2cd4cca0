"""Questions to the server, written once and asked by blocking or by async code.

A question is a generator: it yields calls of scripts (a list: one pipeline), one plain command
or seconds to rest, is sent the answers, and returns what it found out. `ask` and `ask_async`
carry it.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

from streamq.errors import UnknownJob
from streamq.ids import parse_id
from streamq.keys import registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from streamq.client import Client
    from streamq.operations import Call

P = ParamSpec("P")
T = TypeVar("T")


class Asker(Protocol):
    """Whoever has a server to ask: an application, or what its results share."""

    @property
    def client(self) -> Client:
        """Talks to the server."""
        ...

    @property
    def namespace(self) -> str:
        """The first part of all keys."""
        ...


A = TypeVar("A", bound=Asker)

PAGE = 200  # what one call of a script takes at most
WHOLE = 50  # jobs of a call that reads all of each: 100 can hold the server for 5 ms
CHANGED = 30  # jobs of a call that ends or proves each
_SCAN = 500  # members that one step of a scan looks at


@dataclass(frozen=True, slots=True)
class Command:
    """A plain command that changes nothing."""

    words: tuple[str | int, ...]
    key: str = ""  # says which node of a cluster; empty: any


Question: TypeAlias = Generator["list[Call[Any]] | Command | float", Any, T]


def ask(app: Asker, question: Question[T]) -> T:
    """Ask with blocking calls; raises what the client raises."""
    try:
        wanted = next(question)
        while True:
            try:
                if isinstance(wanted, Command):
                    answer = app.client.command(*wanted.words, key=wanted.key)
                elif isinstance(wanted, float):
                    time.sleep(wanted)
                    answer = None
                else:
                    answer = app.client.run_many(wanted)
            except Exception as error:  # noqa: BLE001 - the question may know what to do
                wanted = question.throw(error)
            else:
                wanted = question.send(answer)
    except StopIteration as end:
        found: T = end.value
        return found


async def ask_async(app: Asker, question: Question[T]) -> T:
    """As `ask`, in the running loop."""
    try:
        wanted = next(question)
        while True:
            try:
                if isinstance(wanted, Command):
                    answer = await app.client.command_async(*wanted.words, key=wanted.key)
                elif isinstance(wanted, float):
                    await _rest(wanted)
                    answer = None
                else:
                    answer = await app.client.run_many_async(wanted)
            except Exception as error:  # noqa: BLE001 - the question may know what to do
                wanted = question.throw(error)
            else:
                wanted = question.send(answer)
    except StopIteration as end:
        found: T = end.value
        return found


async def _rest(seconds: float) -> None:
    import asyncio  # noqa: PLC0415 - costs 30 ms, and whoever awaits has it

    await asyncio.sleep(seconds)


def blocking(
    question: Callable[Concatenate[A, P], Question[T]],
    first: Callable[[A], object] | None = None,
) -> Callable[Concatenate[A, P], T]:
    """The question as a function of an application; `first` is called before each asking."""

    @wraps(question)
    def asked(app: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if first is not None:
            first(app)
        return ask(app, question(app, *args, **kwargs))

    return asked


def asynchronous(
    question: Callable[Concatenate[A, P], Question[T]],
    first: Callable[[A], object] | None = None,
) -> Callable[Concatenate[A, P], Awaitable[T]]:
    """The question as a coroutine function of an application; otherwise as `blocking`."""

    @wraps(question)
    async def asked(app: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if first is not None:
            first(app)
        return await ask_async(app, question(app, *args, **kwargs))

    return asked


def pages(ids: list[str], size: int = WHOLE) -> Iterator[list[str]]:
    """The ids in lists that one call takes."""
    return (ids[at : at + size] for at in range(0, len(ids), size))


def scan(command: str, key: str) -> Question[list[str]]:
    """All members of a set (SSCAN), or fields and values of a hash in turn (HSCAN)."""
    cursor, found = "0", []
    while True:
        reply = yield Command((command, key, cursor, "COUNT", _SCAN), key)
        cursor = reply[0].decode()
        found += [one.decode("utf-8", "replace") for one in reply[1]]
        if cursor == "0":
            return found


def known_queues(app: Asker) -> Question[list[str]]:
    """Every queue that was ever used in this namespace, in order."""
    found = yield from scan("SSCAN", registry(app.namespace))
    return sorted(set(found))


def queues_of(app: Asker, ids: Iterable[str]) -> Question[dict[str, list[str]]]:
    """The ids by the queue each one names, none twice; `UnknownJob` for what is no id.

    An id of a queue that nobody knows is a job that nobody knows.
    """
    known: list[str] | None = None
    found: dict[str, list[str]] = {}
    for job_id in dict.fromkeys(ids):
        parsed = parse_id(job_id)
        queue = parsed.queue
        if queue is None:
            known = (yield from known_queues(app)) if known is None else known
            queue = parsed.find_queue(known)
        if queue is None:
            raise UnknownJob(f"no queue here belongs to job {job_id}", job_id=job_id)
        found.setdefault(queue, []).append(job_id)
    return found
