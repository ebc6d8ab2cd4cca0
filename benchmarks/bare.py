"""The same round trips, bare: what they cost here without a worker or a client around them.

A loop over plain redis-py connections that sends streamq's own scripts and nothing else: no
decoding, no tasks, no retries, no supervisor. What it takes is the floor for these scripts here.

python -m benchmarks.bare one          claims and acknowledges one job at a time, as they come
python -m benchmarks.bare many         the same in batches of 200, for as long as there are any
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from hiredis import pack_command
from redis import Connection
from redis.connection import parse_url

from benchmarks.board import hit, stamp
from benchmarks.processes import cpu_s, spawn, stop
from streamq import operations
from streamq.client import Client
from streamq.client.message import Message
from streamq.ids import IdMaker, id_tail
from streamq.keys import queue_keys
from streamq.operations import Ack, NewJob

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.board import Board
    from benchmarks.server import Server
    from streamq.operations import Call

KEYS = queue_keys("bare", "default")
BODY = b"\x93\x90\x80\x80"
CHANNEL = "sq:bare:reply"
MOST = 200
GAP_S = 0.02  # between one job and the next, as for all queues
PATIENCE_S = 10.0


class Line:
    """One connection; calls go out together, answers come back in order."""

    def __init__(self, url: str) -> None:
        self._connection = Connection(**parse_url(url), protocol=2, socket_timeout=PATIENCE_S)
        self._connection.connect()
        self._loader = Client(url)
        self._known: set[str] = set()

    def ask(self, *calls: Call[Any] | tuple[Any, ...]) -> list[Any]:
        """Send these in one go; the answers."""
        self.send(*calls)
        return [self.read() for _ in calls]

    def send(self, *calls: Call[Any] | tuple[Any, ...]) -> None:
        """Send only."""
        packed = [self._pack(one) for one in calls]
        self._connection.send_packed_command([b"".join(packed)], check_health=False)

    def read(self) -> Any:
        """The next answer."""
        return self._connection.read_response()

    def _pack(self, call: Call[Any] | tuple[Any, ...]) -> bytes:
        if isinstance(call, tuple):
            packed: bytes = pack_command(call)
            return packed
        if call.script.name not in self._known:
            self._loader.command("SCRIPT", "LOAD", call.script.source)
            self._known.add(call.script.name)
        return Message.of(call).pack(0)


class Worker:
    """Claims, and acknowledges what it claimed: that is all."""

    def __init__(self, url: str) -> None:
        self._line = Line(url)
        self._name = f"bare-{os.getpid()}"
        self._seq = count(1)
        self._line.ask(("ZADD", KEYS.key("workers"), 9e15, self._name))

    def one(self) -> None:
        """As an idle worker waits: the claim is sent behind the pop, and runs when that ends."""
        number = count()
        while True:
            claim = self._claim(2, armed=True)
            _, claimed = self._line.ask(("BLPOP", KEYS.key("wake"), 0), claim)
            if _jobs(claimed):
                stamp(next(number))
                self._line.ask(self._ack(claim, claimed, "ok"))

    def many(self) -> None:
        """Acknowledge the last batch and claim the next, in one round trip."""
        settle: list[Call[Any]] = []
        while True:
            claim = self._claim(MOST)
            *_, claimed = self._line.ask(*settle, claim)
            jobs = _jobs(claimed)
            for _ in jobs:
                hit()
            settle = [self._ack(claim, claimed, "none")] if jobs else []
            if not jobs:
                time.sleep(0.001)

    def _claim(self, limit: int, *, armed: bool = False) -> Call[Any]:
        return operations.claim(
            KEYS,
            worker=self._name,
            token=os.urandom(16).hex(),
            lease_ms=30_000,
            limit=limit,
            result_ttl_ms=60_000,
            armed=armed,
        )

    def _ack(self, claim: Call[Any], claimed: list[Any], kind: str) -> Call[list[str]]:
        token, ttl_ms = str(claim.args[1]), 60_000 if kind == "ok" else 0
        ids = _jobs(claimed)
        jobs = [Ack(one, token, "noop", kind, 0, ttl_ms, b"\x01") for one in ids]
        return operations.ack(KEYS, worker=self._name, seq=next(self._seq), jobs=jobs)


def _jobs(claimed: list[Any]) -> list[str]:
    return [claimed[at].decode() for at in range(8, len(claimed), 4)]


class Producer:
    """Enqueues with the script that a plain call uses, and waits as `get()` does."""

    def __init__(self, server: Server) -> None:
        self._client = Client(server.url)
        self._line, self._ear = Line(server.url), Line(server.url)
        self._ear.ask(("SUBSCRIBE", CHANNEL))
        self._ids, self._tail, self._number = IdMaker(), id_tail("default", kept=True), 0
        self.enqueue(1)  # a queue's and a producer's first call

    def enqueue(self, n: int) -> None:
        """So many jobs, 200 in a call."""
        for first in range(0, n, MOST):
            jobs = [self._job() for _ in range(min(MOST, n - first))]
            self._number += 1
            number = self._number
            call = operations.enqueue(KEYS, producer="bare", counter=number, jobs=jobs)
            self._line.ask(call)

    def put(self) -> str:
        """One job, as a call by itself."""
        job = self._job()
        self._number += 1
        self._line.ask(operations.put(KEYS, producer="bare", counter=self._number, job=job))
        return job.id

    def trip(self) -> None:
        """One job, and its outcome."""
        job_id = self.put()
        [told] = self._line.ask(operations.wait(KEYS, channel=CHANNEL, ids=[job_id]))
        while told[0] != b"ended" and not self._ear.read()[2].startswith(job_id.encode()):
            pass

    def _job(self) -> NewJob:
        return NewJob(self._ids.with_tail(self._tail), "noop", BODY)


class Rate(NamedTuple):
    """How fast it went, and what the server did."""

    jobs_s: float
    redis_busy: float  # of one core


def spawn_worker(server: Server, path: str, how: str) -> subprocess.Popen[bytes]:
    """A bare worker in a process of its own."""
    env = {**os.environ, "BENCH_URL": server.url, "BENCH_BOARD": path}
    log = _log(server)
    return spawn([sys.executable, "-m", "benchmarks.bare", how], log, env=env)


def bare_latencies(
    server: Server, board: Board, path: str, n: int
) -> tuple[list[float], list[float]]:
    """Seconds to a job's start, and to its outcome, one job at a time."""
    starts: list[float] = []
    trips: list[float] = []
    for taken, is_trip in ((starts, False), (trips, True)):
        server.clear()
        board.clear()
        producer = Producer(server)
        worker = spawn_worker(server, path, "one")
        try:
            for number in range(n + 10):
                if number:
                    time.sleep(GAP_S / 2 if is_trip else GAP_S)
                began = time.monotonic_ns()
                if is_trip and number:
                    producer.trip()
                    taken.append((time.monotonic_ns() - began) / 1e9)
                    continue
                if number:
                    producer.put()
                _wait(lambda at=number: board.stamps[at], worker, server)  # type: ignore[misc]
                taken.append((board.stamps[number] - began) / 1e9)
        finally:
            stop(worker)
        del taken[:10]
    return starts, trips


def bare_rate(server: Server, board: Board, path: str, n: int, workers: int) -> Rate:
    """What so many bare workers do with n jobs that wait."""
    server.clear()
    board.clear()
    Producer(server).enqueue(n)
    running = [spawn_worker(server, path, "many") for _ in range(workers)]
    try:
        _wait(lambda: board.done, running[0], server)
        began, used = time.monotonic(), cpu_s(server.process.pid)
        done = board.done
        _wait(lambda: board.done >= n, running[0], server, 0.005)
        seconds = time.monotonic() - began
        return Rate((n - done) / seconds, (cpu_s(server.process.pid) - used) / seconds)
    finally:
        for one in running:
            stop(one)


def _wait(
    ready: Callable[[], object], worker: subprocess.Popen[bytes], server: Server, poll: float = 1e-3
) -> None:
    until = time.monotonic() + PATIENCE_S
    while not ready():
        if worker.poll() is not None or time.monotonic() > until:
            raise OSError(f"the bare worker: {_log(server).read_text()[-300:]}")
        time.sleep(poll)


def _log(server: Server) -> Path:
    return server.log.with_name("bare.log")


if __name__ == "__main__":
    getattr(Worker(os.environ["BENCH_URL"]), sys.argv[1])()
