"""Threads that run one at a time, when the world wants them to, and wait on its clock.

They are real ones, each of which sleeps until it is its turn: what runs in them is the code that
runs in a worker's threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulation.loop import NEVER, SOON_S

if TYPE_CHECKING:
    from tests.simulation.world import Node, World


class Gone(BaseException):
    """The process of this thread is gone."""


class Baton(threading.Thread):
    """A thread of a process in the world."""

    def __init__(self, world: World, node: Node, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._world = world
        self._work = work
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self.node = node
        self.ended = False
        self._until: Callable[[], object] = lambda: True
        self._deadline = -NEVER  # on the process's clock
        self.start()

    def run(self) -> None:
        self._mine.acquire()
        try:
            if not self.node.is_dead:
                self._work()
        except Gone:
            pass
        except BaseException as error:
            self._world.broken.append(f"a thread of {self.node.name} died: {error!r}")
        self.ended = True
        self._theirs.release()

    def due_at(self) -> float:
        """When it can go on."""
        return -NEVER if self._until() else self._deadline

    def step(self) -> None:
        """Let it run until it waits."""
        self._mine.release()
        self._theirs.acquire()

    def wait(self, until: Callable[[], object], timeout: float | None) -> bool:
        """In the thread: until that is so, or so many seconds have passed."""
        self._until = until
        self._deadline = NEVER if timeout is None else self.node.clock() + timeout
        while True:
            if self.node.is_dead:
                raise Gone
            if until():
                return True
            if self.node.clock() + SOON_S >= self._deadline:
                return False
            self._theirs.release()
            self._mine.acquire()


class Threading:
    """What the worker's modules find under the name of `threading` and beside it."""

    Lock = staticmethod(threading.Lock)
    get_ident = staticmethod(threading.get_ident)

    def __init__(self, world: World) -> None:
        self._world = world

    def Thread(  # noqa: N802
        self,
        *,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        **_named: Any,
    ) -> Thread:
        return Thread(self._world, lambda: target(*args))

    def Event(self) -> Event:  # noqa: N802
        return Event(self._world)

    def SimpleQueue(self) -> SimpleQueue:  # noqa: N802
        return SimpleQueue(self._world)


class Thread:
    """A thread that was made and perhaps not started."""

    def __init__(self, world: World, work: Callable[[], object]) -> None:
        self._world, self._work = world, work
        self._node = world.running
        self._baton: Baton | None = None

    def start(self) -> None:
        self._baton = self._world.start_thread(self._node, self._work)

    def is_alive(self) -> bool:
        return self._baton is not None and not self._baton.ended

    def join(self, timeout: float | None = None) -> None:
        """From the loop's own thread nobody can wait here: the world goes on without it."""


class Event:
    def __init__(self, world: World) -> None:
        self._world, self._is_set = world, False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._world.thread().wait(self.is_set, timeout)


class SimpleQueue:
    def __init__(self, world: World) -> None:
        self._world = world
        self._items: deque[Any] = deque()

    def put(self, item: Any) -> None:
        self._items.append(item)

    def get(self) -> Any:
        self._world.thread().wait(lambda: self._items, None)
        return self._items.popleft()
