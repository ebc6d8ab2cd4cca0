"""What streamq's scripts cost inside the server, with no worker around: exact counts.

Two queues live side by side, a small one and a deep one, and are measured in turn, so the ratio
between them is the depth's and not the machine's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from streamq import operations
from streamq.client import Client
from streamq.ids import IdMaker, id_tail
from streamq.keys import queue_keys
from streamq.operations import Ack, Burial, NewJob
from streamq.scripts import lua_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.server import Reading, Server

MOST = 200  # jobs of one call
BATCH = 100  # of the calls that are measured
_CALL = re.compile(r"redis\.p?call\('(\w+)'")
BODY = b"\x93\x90\x80\x80"  # no arguments, no options


@cache
def scripted_commands() -> frozenset[str]:
    """The commands that scripts call, in lower case: all others come from clients."""
    found: set[str] = set()
    for file in lua_folder().rglob("*.lua"):
        found.update(name.lower() for name in _CALL.findall(file.read_text()))
    return frozenset(found)


def is_scripted(name: str) -> bool:
    """Whether scripts call this command; `name` as the statistics have it, `xinfo|groups`."""
    return name.partition("|")[0] in scripted_commands()


@dataclass(frozen=True)
class Cost:
    """Of one verb at a batch of 100."""

    us: float  # of the server, per job
    inner: float  # commands inside the script, per call


class Queue:
    """A queue driven by hand: no worker, no façade."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._keys = queue_keys("streamq", name)
        self._ids = IdMaker()
        self._tail = id_tail(name, kept=False)
        self._seq = 0

    def enqueue(self, n: int, due: str = "0") -> None:
        """Accept n jobs."""
        self._accept(n, lambda one, _: NewJob(one, "noop", BODY, due))

    def park(self, n: int, options: Callable[[int], str]) -> None:
        """Accept n jobs with these options: the n-th one's lane, limits and priority."""
        self._accept(n, lambda one, at: NewJob(one, "noop", BODY, opts=options(at)))

    def _accept(self, n: int, make: Callable[[str, int], NewJob]) -> None:
        for first in range(0, n, MOST):
            some = range(first, min(n, first + MOST))
            jobs = [make(self._ids.with_tail(self._tail), at) for at in some]
            self._client.enqueue(
                lambda producer, counter, jobs=jobs: operations.enqueue(
                    self._keys, producer=producer, counter=counter, jobs=jobs
                ),
                self._keys.queue,
                [job.id for job in jobs],
            )

    def claim(self, n: int) -> tuple[str, list[str]]:
        """Up to 200 jobs, and the token that they are held by."""
        token = os.urandom(16).hex()
        claimed = self._client.run(
            operations.claim(
                self._keys,
                worker="bench",
                token=token,
                lease_ms=3_600_000,
                limit=n,
                result_ttl_ms=0,
            )
        )
        return token, [job.id for job in claimed.jobs]

    def ack(self, token: str, ids: list[str]) -> None:
        """They succeeded."""
        self._seq += 1
        jobs = [Ack(one, token, "noop", "none", 1, 0) for one in ids]
        self._client.run(operations.ack(self._keys, worker="bench", seq=self._seq, jobs=jobs))

    def bury(self, n: int) -> None:
        """Make n waiting jobs dead."""
        for _ in range(0, n, MOST):
            token, ids = self.claim(MOST)
            self._seq += 1
            jobs = [Burial(one, token, "noop", "failed", 1, b"") for one in ids]
            self._client.run(operations.bury(self._keys, worker="bench", seq=self._seq, jobs=jobs))

    def fill(self, waiting: int, scheduled: int, dead: int) -> None:
        """Make it as deep as this."""
        self.enqueue(dead)
        self.bury(dead)
        self.enqueue(scheduled, "+86400000")
        self.enqueue(waiting)


def _cost(server: Server, before: Reading, jobs: int) -> Cost:
    done = server.read().since(before)
    inner = {name: n for name, n in done.calls.items() if is_scripted(name)}
    calls = max(1, done.calls.get("evalsha", 0))
    usec = done.usec.get("evalsha", 0) + done.usec.get("eval", 0)
    return Cost(usec / jobs, sum(inner.values()) / calls)


def life(server: Server, queue: Queue, batch: int = BATCH) -> dict[str, Cost]:
    """What one batch costs, verb by verb."""
    found = {}
    before = server.read()
    queue.enqueue(batch)
    found["enqueue"] = _cost(server, before, batch)
    before = server.read()
    token, ids = queue.claim(batch)
    found["claim"] = _cost(server, before, batch)
    before = server.read()
    queue.ack(token, ids)
    found["ack"] = _cost(server, before, batch)
    return found


@dataclass(frozen=True)
class Growth:
    """A deep queue beside a small one."""

    small: dict[str, Cost]
    deep: dict[str, Cost]
    ratio: float  # of the cost of a job's whole life


def median(values: list[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def _middle(costs: list[dict[str, Cost]]) -> dict[str, Cost]:
    return {
        verb: Cost(
            median([one[verb].us for one in costs]), median([one[verb].inner for one in costs])
        )
        for verb in costs[0]
    }


def growth(server: Server, waiting: int, scheduled: int, dead: int, rounds: int = 41) -> Growth:
    """The cost of a job's life with so many others about, and with 1,000 of each."""
    server.clear()
    client = Client(server.url)
    few = 1000
    small, deep = Queue(client, "small"), Queue(client, "deep")
    small.fill(few, few, few)
    deep.fill(waiting, scheduled, dead)
    life(server, small), life(server, deep)
    costs = [(life(server, small), life(server, deep)) for _ in range(rounds)]
    client.close()
    in_small, in_deep = _middle([one[0] for one in costs]), _middle([one[1] for one in costs])
    whole = [sum(cost.us for cost in one.values()) for one in (in_small, in_deep)]
    return Growth(in_small, in_deep, whole[1] / whole[0])
