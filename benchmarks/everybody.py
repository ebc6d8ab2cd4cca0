"""The side by side part: every queue under the same load, in turn, round after round."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import redis

from benchmarks.bare import bare_latencies
from benchmarks.environments import PEERS, install
from benchmarks.latency import idle_starts, round_trips
from benchmarks.load import bytes_per_job, count_commands, run_load
from benchmarks.peer import Peer, PeerError
from benchmarks.scripts import median

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.board import Board
    from benchmarks.load import Load
    from benchmarks.server import Server

KINDS = ("async", "sync", "result")
# Jobs of one run: a second or two of work for each.
JOBS = {
    "streamq": 40_000,
    "taskiq": 4000,
    "huey": 4000,
    "dramatiq": 3000,
    "celery": 1500,
    "saq": 2000,
    "streaq": 1500,
    "arq": 1500,
    "bullmq": 2000,
    "rq_simple": 300,
    "rq": 100,
}


@dataclass
class Found:
    """All that was measured, by queue."""

    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # "queue" or "queue, measure" -> why
    loads: dict[tuple[str, str], list[Load]] = field(default_factory=dict)
    starts: dict[str, list[list[float]]] = field(default_factory=dict)  # seconds, a list a round
    trips: dict[str, list[list[float]]] = field(default_factory=dict)
    bare_starts: list[list[float]] = field(default_factory=list)  # of no queue: see bare.py
    bare_trips: list[list[float]] = field(default_factory=list)
    sent: dict[str, float] = field(default_factory=dict)  # commands per job
    memory: dict[str, float] = field(default_factory=dict)  # bytes per waiting job
    bare: list[float] = field(default_factory=list)  # SETs per second, between the runs

    def middle(self, key: str, kind: str, what: str) -> float | None:
        """The median over rounds of one figure of a load; None: it was not measured."""
        runs = self.loads.get((key, kind))
        return median([getattr(one, what) for one in runs]) if runs else None

    def best(self, key: str, kind: str, what: str) -> float | None:
        """The lowest over rounds: a busy machine makes CPU time dearer, and never cheaper."""
        runs = self.loads.get((key, kind))
        return min(getattr(one, what) for one in runs) if runs else None

    def ratio(self, key: str, others: Sequence[str], kinds: tuple[str, str]) -> float | None:
        """How many times the rate of the fastest of the others; the median over rounds."""
        mine = self.loads.get((key, kinds[0]), [])
        theirs = [self.loads[one, kinds[1]] for one in others if (one, kinds[1]) in self.loads]
        rounds = min([len(mine), *map(len, theirs)]) if theirs else 0
        ratios = [mine[at].jobs_s / max(one[at].jobs_s for one in theirs) for at in range(rounds)]
        return median(ratios) if ratios else None


class Race:
    """The queues that take part, with their producers started."""

    def __init__(self, server: Server, board: Board, path: str, keys: Sequence[str]) -> None:
        self.server, self.board, self.path = server, board, path
        self.found = Found()
        self.peers: dict[str, Peer] = {}
        for key in keys:
            if key not in {"streamq", *PEERS}:
                raise SystemExit(
                    f"there is no driver for {key!r}: one of streamq, {', '.join(PEERS)}"
                )
            try:
                why = install(key)
                if why is None:
                    self.peers[key] = Peer(key, server, path)
                    self.found.about[key] = self.peers[key].about
            except PeerError as error:
                why = str(error).strip().splitlines()[-1]
            if why:
                self.found.failed[key] = why
                print(f"{key} takes no part: {why}", flush=True)

    def close(self) -> None:
        """End the producers."""
        for peer in self.peers.values():
            peer.close()

    def loads(self, rounds: int, scale: float) -> None:
        """Every queue, every kind of job it runs, in turn; the bare loop in between."""
        for number in range(rounds):
            for kind in KINDS:
                for peer in self._in_turn(number):
                    if kind not in (*peer.kinds, "result"):
                        continue
                    n = max(50, int(JOBS[peer.key] * scale))
                    load = self._try(peer, kind, self._load, kind, n)
                    if load:
                        self.found.loads.setdefault((peer.key, kind), []).append(load)
                        print(
                            f"{number + 1} {kind:6} {peer.name:16} {load.jobs_s:9,.0f}/s",
                            flush=True,
                        )

    def latencies(self, rounds: int, n: int) -> None:
        """One job at a time, every queue in turn."""
        for number in range(rounds):
            for peer in self._in_turn(number):
                for measure, into in (
                    (idle_starts, self.found.starts),
                    (round_trips, self.found.trips),
                ):
                    taken = self._try(
                        peer, measure.__name__, measure, self.server, self.board, peer, n
                    )
                    if taken:
                        into.setdefault(peer.key, []).append(taken)
                print(f"{number + 1} latency {peer.name}", flush=True)
            if "streamq" in self.peers:
                starts, trips = bare_latencies(self.server, self.board, self.path, n)
                self.found.bare_starts.append(starts)
                self.found.bare_trips.append(trips)

    def counts(self, scale: float) -> None:
        """Commands sent and memory, once each: they don't depend on the weather."""
        for peer in self.peers.values():
            if peer.key != "streamq":  # its commands are counted under load
                self._count_sent(peer, max(50, int(JOBS[peer.key] * scale)))
            n = max(50, int((100_000 if peer.key == "streamq" else 10_000) * scale))
            size = self._try(peer, "memory", bytes_per_job, self.server, peer, n)
            if size:
                self.found.memory[peer.key] = size

    def _count_sent(self, peer: Peer, n: int) -> None:
        kind = peer.kinds[0]
        done = self._try(peer, "commands", count_commands, self.server, self.board, peer, kind, n)
        if done:
            self.found.sent[peer.key] = done[0]

    def _in_turn(self, number: int) -> list[Peer]:
        """Another one goes first each round."""
        peers = list(self.peers.values())
        at = number * 3 % max(1, len(peers))
        return peers[at:] + peers[:at]

    def _load(self, kind: str, n: int, peer: Peer) -> Load:
        self.found.bare.append(self.server.bare_loop(1000))
        return run_load(self.server, self.board, peer, kind, n)

    def _try(self, peer: Peer, what: str, measure: Callable[..., Any], *arguments: Any) -> Any:
        """Measure, or note why it could not be."""
        if measure == self._load:
            arguments = (*arguments, peer)
        try:
            return measure(*arguments)
        except (PeerError, OSError, redis.RedisError) as error:
            why = str(error).strip().splitlines()[0][:200]
            self.found.failed[f"{peer.name}, {what}"] = why
            print(f"{peer.name}, {what}: {why}", flush=True)
            time.sleep(0.5)
            return None
