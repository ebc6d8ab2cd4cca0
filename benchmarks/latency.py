"""How long one job takes when nothing else is going on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.load import wait_for
from benchmarks.processes import stop

if TYPE_CHECKING:
    from benchmarks.board import Board
    from benchmarks.peer import Peer
    from benchmarks.server import Server

WARM = 10  # first jobs, not counted: connections, scripts, lazy imports
GAP_S = 0.02  # between one job and the next


def percentile(sample: list[float], share: float) -> float:
    """The nearest value of the sample at or above this share of it."""
    ordered = sorted(sample)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def of_best_round(rounds: list[list[float]], share: float) -> float:
    """The percentile of the round where it was lowest: others on the machine only add to it."""
    return min(percentile(one, share) for one in rounds)


def idle_starts(server: Server, board: Board, peer: Peer, n: int) -> list[float]:
    """Seconds from sending a job to its start on an idle worker, of n jobs one after the other."""
    server.clear()
    board.clear()
    peer.ask("enqueue", peer.kinds[0], 1)
    worker = peer.start_worker(peer.kinds[0])
    try:
        wait_for(board, 1, worker, peer)
        time.sleep(0.5)  # what a worker still does when it has just begun
        taken: list[float] = peer.ask("starts", WARM + n, GAP_S)
    finally:
        stop(worker)
    return taken[WARM:]


def round_trips(server: Server, board: Board, peer: Peer, n: int) -> list[float]:
    """Seconds that a caller waits for a job's result, for n jobs one after the other."""
    server.clear()
    board.clear()
    peer.ask("enqueue", "result", 1)
    worker = peer.start_worker("result")
    try:
        wait_for(board, 1, worker, peer)
        time.sleep(0.5)
        taken: list[float] = peer.ask("round_trips", WARM + n, GAP_S / 2)
    finally:
        stop(worker)
    return taken[WARM:]
