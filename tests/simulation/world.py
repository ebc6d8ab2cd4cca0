"""The simulated world: processes, a server in memory, the time, and what goes wrong; all by a seed.

Nothing here waits. The world lets one process make one step, chosen by the seed, or turns its
clock to the next moment at which anything happens.
"""

from __future__ import annotations

import heapq
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from types import ModuleType
from typing import Any
from unittest.mock import patch
from zlib import crc32

from streamq import scripts
from streamq.client import facade
from streamq.client.asynchronous import AsyncTransports
from streamq.client.engine import Engine
from streamq.jitter import jitter
from streamq.worker import application, threads
from tests.simulation.loop import NEVER, SOON_S, SimulatedLoop
from tests.simulation.memory import MemoryServer
from tests.simulation.network import (
    URL,
    Harm,
    SimulatedConnector,
    ThreadTransport,
    Wire,
)
from tests.simulation.threads import Baton, Threading
from tests.simulation.values import Failure

CLAIM_SOURCE = scripts.load("claim").source.encode()
CLAIM = scripts.load("claim").sha.encode()
STEP_S = 2e-6  # that a step takes: who looks at the clock again sees it move
TIMEOUT_S = 2.0  # of calls: so short that some are given up
BEGIN_S = 1_700_000_000.0  # the server's clock when a world begins


def threaded() -> list[ModuleType]:
    """The worker's modules that start threads."""
    worker = [module for name, module in sys.modules.items() if name.startswith("streamq.worker.")]
    return [module for module in worker if vars(module).get("threading") is threading]


class Node:
    """A process: an event loop, threads, a clock and connections of its own."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.is_dead = False
        self.is_cut_off = False  # from the server
        self.paused_until = 0.0
        self.ahead = 0.0  # of the world's clock: seconds
        self.wall = 0.0  # the same of its wall clock
        self.wires: list[Wire] = []
        self.troubles: list[tuple[float, float]] = []  # when something kept it from its duties
        self.loop = SimulatedLoop(self.clock, self._in_thread)  # type: ignore[abstract]

    def clock(self) -> float:
        return self.world.now + self.ahead

    def troubled(self, seconds: float = 0.0) -> None:
        """Something happens to it, and lasts so long."""
        self.troubles.append((self.world.now, self.world.now + seconds))

    def was_troubled(self, since: float, until: float) -> bool:
        return any(begin <= until and since <= end for begin, end in self.troubles)

    def start(self, coroutine: Any) -> Any:
        """A task in its loop."""
        with self.world.as_running(self):
            return self.loop.create_task(coroutine)

    def kill(self) -> None:
        """As SIGKILL: nothing is cleaned up, and the system closes its connections."""
        self.is_dead = True
        self.troubled(NEVER)
        self.loop.drop()
        for wire in self.wires:
            if wire.is_open:
                wire.abort()

    def _in_thread(self, work: Callable[[], object]) -> None:
        self.world.start_thread(self, work)


class World:
    """One run of the simulation."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.now = 0.0
        self.server_ahead = 0.0
        self.is_down = False  # the server
        self.harms: Sequence[Harm] = ()  # that may befall a call, each as often as it is there
        self.harm_rate = 0.0
        self.slowness = 0.001  # seconds on the way, about
        self.nodes: list[Node] = []
        self.threads: list[Baton] = []
        self.left: list[Baton] = []  # threads of dead processes, which end with the world
        self.blocked: list[Wire] = []  # connections whose pop waits, the first one first
        self.broken: list[str] = []  # what must not be
        self.steps = 0
        self.trace = 0  # of all that happened, in its order: the same for the same seed
        self.watch: Callable[[Node, list[bytes], Callable[[], Any]], Any] | None = None
        self.server = MemoryServer(lambda: round((BEGIN_S + self.now + self.server_ahead) * 1e6))
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._made = 0
        self._running: list[Node] = []
        self._thread: Baton | None = None

    # --- who is there ---------------------------------------------------------------------------

    def node(self, name: str) -> Node:
        node = Node(self, name)
        self.nodes.append(node)
        return node

    def named(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def hang_up(self) -> None:
        """The server closes all connections, or is gone with them."""
        for node in self.nodes:
            for wire in node.wires:
                wire.break_off()

    def start_thread(self, node: Node, work: Callable[[], object]) -> Baton:
        thread = Baton(self, node, work)
        self.threads.append(thread)
        return thread

    @property
    def running(self) -> Node:
        """Whose step this is."""
        return self._running[-1]

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    def thread(self) -> Baton:
        assert self._thread is not None, "only a thread may wait"
        return self._thread

    @contextmanager
    def as_running(self, node: Node) -> Iterator[None]:
        self._running.append(node)
        try:
            yield
        finally:
            self._running.pop()

    def client_of(self, node: Node, namespace: str = "streamq") -> facade.Client:
        """The real client, but for where its connections lead."""
        client = facade.Client(URL, namespace=namespace, timeout=TIMEOUT_S)
        engine = Engine(URL, {}, client.durability, client.timeout)
        connector = SimulatedConnector(self, node)
        engine.connector = engine.talk.connector = connector
        engine._asynchronous = {"all": AsyncTransports(connector)}
        engine.drive = ThreadTransport(self, connector).drive
        engine.shortcut = None
        client._engine = engine
        return client

    # --- what happens ---------------------------------------------------------------------------

    def at(self, moment: float, what: Callable[[], object]) -> None:
        """This happens then, whoever is alive."""
        self._made += 1
        heapq.heappush(self._events, (moment, self._made, what))

    def latency(self) -> float:
        """Seconds on the way."""
        return self.random.expovariate(1 / self.slowness)

    def harm(self, node: Node) -> Harm:
        """What befalls some commands of a process."""
        if self.harm_rate <= 0 or self.random.random() >= self.harm_rate:
            return Harm.NONE
        if self._thread is not None:
            node.troubled(2.0)  # a renewal, which is repeated within a second
        return self.random.choice(self.harms)

    def unheard(self, node: Node, words: list[bytes]) -> None:
        """A command is about to be done of which the answer won't come, or too late.

        The jobs of a claim belong to a worker before it knows of them.
        """
        if words[1:2] == [CLAIM] or (words[0] == b"EVAL" and words[1] == CLAIM_SOURCE):
            node.troubled(15.0)

    def execute(self, node: Node, words: list[bytes]) -> Any:
        """The server does a command; an error is a reply like others."""
        told = (node.name, self.now, words[0], len(words))
        self.trace = crc32(repr(told).encode(), self.trace)

        def run() -> Any:
            try:
                return self.server.execute(words)
            except Failure as failure:
                return failure

        reply = run() if self.watch is None else self.watch(node, words, run)
        for wire in list(self.blocked):
            if wire.pops and (marker := self.server.lpop(wire.pops[0])) is not None:
                wire.pop(marker)
                wire.go_on()
        return reply

    # --- time -----------------------------------------------------------------------------------

    def run(self, until: Callable[[], object], limit: float) -> bool:
        """Let it go on until that is so; False: not within so many seconds of its time."""
        end = self.now + limit
        while not until():
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            if able := self._able():
                self._step(self.random.choice(able) if len(able) > 1 else able[0])
                self.now += STEP_S
                continue
            moment = self._next_moment()
            if moment > end:
                return False
            self.now = max(self.now, moment)
        return True

    def _able(self) -> list[Node | Baton]:
        """Who could go on now."""
        threads = [one for one in self.threads if not one.ended]
        self.left += [one for one in threads if one.node.is_dead]
        self.threads = [one for one in threads if not one.node.is_dead]
        able: list[Node | Baton] = [
            node
            for node in self.nodes
            if not node.is_dead
            and node.paused_until <= self.now
            and node.loop.due_at() <= node.clock() + SOON_S
        ]
        able += [
            thread
            for thread in self.threads
            if thread.node.paused_until <= self.now
            and thread.due_at() <= thread.node.clock() + SOON_S
        ]
        return able

    def _next_moment(self) -> float:
        moments = [self._events[0][0]] if self._events else []
        due: list[tuple[Node, float]] = [(n, n.loop.due_at()) for n in self.nodes if not n.is_dead]
        due += [(thread.node, thread.due_at()) for thread in self.threads]
        moments += [max(node.paused_until, at - node.ahead) for node, at in due]
        return min(moments, default=NEVER)

    def _step(self, who: Node | Baton) -> None:
        self.steps += 1
        node = who if isinstance(who, Node) else who.node
        self._thread = who if isinstance(who, Baton) else None
        with self.as_running(node):
            if isinstance(who, Baton):
                who.step()
            else:
                who.loop.step()
        self._thread = None

    # --- the world and Python -------------------------------------------------------------------

    @contextmanager
    def begun(self) -> Iterator[None]:
        """While it exists, the clocks and the randomness that streamq sees are its own."""
        monotonic, wall, wall_ns, sleep = time.monotonic, time.time, time.time_ns, time.sleep
        simulated = Threading(self)

        def slept(seconds: float) -> None:
            if self._thread is None:
                sleep(seconds)
            else:
                self._thread.wait(lambda: False, seconds)

        def now_here() -> float:
            return self.running.clock() if self._running else monotonic()

        def time_here() -> float:
            return BEGIN_S + self.now + self.running.wall if self._running else wall()

        with ExitStack() as stack:
            for target, name, new in (
                (time, "monotonic", now_here),
                (time, "time", time_here),
                (time, "time_ns", lambda: int(time_here() * 1e9) if self._running else wall_ns()),
                (time, "sleep", slept),
                (os, "urandom", self.random.randbytes),
                *((module, "threading", simulated) for module in threaded()),
                (threads, "Thread", simulated.Thread),
                (threads, "SimpleQueue", simulated.SimpleQueue),
                (application, "locate", lambda app: None),
            ):
                stack.enter_context(patch.object(target, name, new))
            stack.enter_context(patch.object(jitter, "random", self.random.random, create=True))
            try:
                yield
            finally:
                self._end()

    def _end(self) -> None:
        for node in self.nodes:
            node.is_dead = True
        for thread in (*self.threads, *self.left):
            if not thread.ended:
                self._step(thread)
            thread.join(1)
        for node in self.nodes:
            node.loop.dispose()
