"""What lanes and limits cost: ten thousand lanes beside one, and a key that gives nothing.

`python -m benchmarks.lanes` takes two minutes; `--scale 0.05` shows that it works. Shapes that are
compared run in turn, the other one first each time; the ratio is taken within a round, and the
median of those is given.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.board import board_file
from benchmarks.load import wait_for
from benchmarks.peer import Peer
from benchmarks.processes import stop
from benchmarks.rows import at_least, only_told, targets
from benchmarks.scripts import BATCH, Queue, is_scripted, median
from benchmarks.server import Server, machine
from streamq.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.board import Board
    from benchmarks.rows import Row

LANES, ROUNDS = 10_000, 5
OF_ONE_LANE = 0.45  # of its speed
OF_NONE_EXHAUSTED = 0.95


def in_one(_: int) -> str:
    """Every job in the same lane."""
    return "q=one"


def each_its_own(at: int) -> str:
    """Every job in a lane of its own."""
    return f"q=lane-{at}"


def drained_us(server: Server, options: Callable[[int], str], n: int) -> tuple[float, float]:
    """Of the server per job, claim and ack of n jobs; and commands inside a claim."""
    server.clear()
    client = Client(server.url)
    queue = Queue(client, "lanes")
    queue.park(n + BATCH, options)
    before = server.read()
    first = queue.claim(BATCH)
    claim = server.read()
    queue.ack(*first)
    began = server.read()
    for _ in range(0, n, BATCH):
        queue.ack(*queue.claim(BATCH))
    used = server.read().since(began)
    client.close()
    inner = sum(calls for name, calls in claim.since(before).calls.items() if is_scripted(name))
    return 1e6 * used.cpu_s / n, inner


def jobs_s(server: Server, board: Board, peer: Peer, shape: str, n: int) -> float:
    """Of one real worker, from the start of the first of n waiting jobs to that of the last."""
    server.clear()
    board.clear()
    peer.ask("enqueue", shape, n)
    worker = peer.start_worker(shape)
    try:
        wait_for(board, n, worker, peer)
        time.sleep(0.05)
        return n / ((board.last - board.first) / 1e9)
    finally:
        stop(worker)


def compared(rounds: int, one: Callable[[], float], other: Callable[[], float]) -> list[float]:
    """Medians of both, and of the first through the second."""
    found = []
    for number in range(rounds):
        if number % 2:
            second, first = other(), one()
        else:
            first, second = one(), other()
        found.append((first, second, first / second))
    return [median([each[at] for each in found]) for at in range(3)]


def rows(server: Server, board: Board, peer: Peer, scale: float) -> Iterator[Row]:
    """Every measure."""
    n, rounds = int(LANES * scale), max(3, int(ROUNDS * scale))
    inner: dict[str, float] = {}

    def scripts(options: Callable[[int], str]) -> float:
        us, inner[options.__name__] = drained_us(server, options, n)
        return us

    one, many, ratio = compared(rounds, lambda: scripts(in_one), lambda: scripts(each_its_own))
    yield only_told(f"Redis CPU per job, claim and ack, {n:,} in one lane", f"{one:.1f} µs")
    yield only_told(f"the same, {n:,} lanes of one job", f"{many:.1f} µs")
    yield at_least("speed of the scripts, many lanes, of one lane", ratio, OF_ONE_LANE, " ×")
    for name, commands in inner.items():
        yield only_told(f"commands inside a claim of {BATCH}, {name}", f"{commands:.0f}")

    def worker(shape: str) -> Callable[[], float]:
        return lambda: jobs_s(server, board, peer, shape, n)

    many, one, ratio = compared(rounds, worker("a lane each"), worker("one lane"))
    yield only_told(f"jobs/s of a worker, {n:,} in one lane", f"{one:,.0f}")
    yield only_told(f"the same, {n:,} lanes of one job", f"{many:,.0f}")
    yield at_least("speed of a worker, many lanes, of one lane", ratio, OF_ONE_LANE, " ×")
    with_one, without, ratio = compared(rounds, worker("one key more"), worker("ten keys"))
    yield only_told("jobs/s of a worker, ten keys with a rate each", f"{without:,.0f}")
    yield only_told("the same, 1,000 jobs of an exhausted key beside them", f"{with_one:,.0f}")
    yield at_least("speed beside an exhausted key, of none", ratio, OF_NONE_EXHAUSTED, " ×")


def main() -> int:
    """Measure and print; exits with 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    with board_file() as (path, board), Server() as server:
        peer = Peer("streamq", server, path)
        try:
            print(f"{machine()}, {server.version}, no persistence\n", flush=True)
            found = list(rows(server, board, peer, scale))
        finally:
            peer.close()
        print(targets(found))
    return int(any(row.holds is False for row in found))


if __name__ == "__main__":
    sys.exit(main())
