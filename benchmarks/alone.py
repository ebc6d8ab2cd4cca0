"""What only streamq is asked: two workers, memory, a long job among short ones, idle workers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.load import run_load, wait_for, wait_until_left
from benchmarks.processes import rss_mib, stop, tree
from benchmarks.scripts import is_scripted, median

if TYPE_CHECKING:
    from benchmarks.board import Board
    from benchmarks.load import Load
    from benchmarks.peer import Peer
    from benchmarks.server import Server

SETTLE_S = 3.0  # until a worker that has just started, or has just been busy, is at rest
CHUNK = 50_000
SLICES = 5  # of calls one by one, between two runs of many


@dataclass(frozen=True)
class Memory:
    """Resident memory in MiB."""

    idle: float  # of the worker process, when it has run one job
    after: float  # after all the jobs
    supervisor: float
    jobs: int


def memory(server: Server, board: Board, peer: Peer, jobs: int) -> Memory:
    """A worker's memory before and after so many jobs."""
    server.clear()
    board.clear()
    worker = peer.start_worker("async")
    try:
        peer.ask("enqueue", "async", 1)
        wait_for(board, 1, worker, peer)
        time.sleep(SETTLE_S)
        supervisor, *family = tree(worker.pid)
        busy = max(family or [supervisor], key=rss_mib)
        idle = rss_mib(busy)
        for at in range(0, jobs, CHUNK):
            peer.ask("enqueue", "async", min(CHUNK, jobs - at))
            wait_for(board, at // 2, worker, peer)  # it need not wait for all of them
        wait_for(board, jobs, worker, peer)
        wait_until_left(server, peer)
        time.sleep(SETTLE_S)
        return Memory(idle, rss_mib(busy), rss_mib(supervisor), jobs)
    finally:
        stop(worker)


def two_workers(
    server: Server, board: Board, peer: Peer, n: int, rounds: int
) -> list[tuple[Load, Load]]:
    """One worker process and two, in turn."""
    return [
        (
            run_load(server, board, peer, "async", n),
            run_load(server, board, peer, "async", n, workers=2),
        )
        for _ in range(rounds)
    ]


def longest_wait(server: Server, board: Board, peer: Peer, rounds: int) -> list[float]:
    """Seconds that the last of 200 short jobs waits behind six long ones, while places are free.

    Two workers with eight threads each have just run thousands of no-op jobs, so they claim much
    at once. Then six jobs of 0.6 s and 200 short ones come in one call: ten threads are free.
    """
    waits = []
    for _ in range(rounds):
        server.clear()
        board.clear()
        workers = [peer.start_worker("sync") for _ in range(2)]
        try:
            time.sleep(SETTLE_S)
            n = 6000
            peer.ask("enqueue", "sync", n)
            wait_for(board, n - 16, workers[0], peer)
            began = time.monotonic_ns()
            peer.ask("long_and_short", 6, 0.6, 200)
            wait_until_left(server, peer)
            waits.append((max(board.stamps[:200]) - began) / 1e9)
        finally:
            for one in workers:
                stop(one)
    return waits


def idle_commands(server: Server, peer: Peer, seconds: float) -> float:
    """Commands per second that an idle worker sends."""
    server.clear()
    worker = peer.start_worker("async")
    try:
        time.sleep(SETTLE_S)
        before = server.read()
        time.sleep(seconds)
        done = server.read().since(before)
    finally:
        stop(worker)
    outside = done.calls.keys() - {"info"}
    return sum(done.calls[name] for name in outside if not is_scripted(name)) / seconds


def enqueuing(server: Server, peer: Peer, rounds: int, n: int) -> dict[str, float]:
    """Seconds per job one by one and with `delay_many`, in turn, and the ratios with targets."""
    server.clear()
    once, many, of_set = [], [], []
    for _ in range(rounds):
        found = peer.ask("one_by_one", SLICES)
        once.append(median(found["send"]))
        of_set += [a / b for a, b in zip(found["set"], found["send"], strict=True)]
        many.append(peer.ask("fill", n) / n)
    of_once = [a / b for a, b in zip(once, many, strict=True)]
    return {
        "once": median(once),
        "many": median(many),
        "of_set": median(of_set),
        "of_once": median(of_once),
    }
