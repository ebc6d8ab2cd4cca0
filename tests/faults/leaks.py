"""Row 14: after many jobs and many restarts of workers all is as after a few.

A warm run fills what has a cap and makes everybody's first connections; then comes the long one.
What is compared: the keys that no TTL takes, with how much is in each; the server's memory without
what a TTL takes and what counts by the minute; the connections; the consumers; and the memory and
the file descriptors of the processes that were there all the time.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from streamq import operations
from streamq.keys import GROUP
from tests.faults import leak_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.quick import QUICK
from tests.worker.rig import Process

AHEAD = 4000  # jobs that may wait
SETTLES_S = 15.0
ROOM = 0.01
STATISTICS = ("history", "tally", "tallied")  # one entry a minute: the same jobs in more minutes
CAPPED = {"ended": 1000, "dropped": 1000, "counts": 25}
SAME = ("keys_bytes", "server_bytes", "connections", "consumers", "descriptors", "process_bytes")
POOLED = {"connections": 4, "descriptors": 4}  # a pool keeps the most that it ever needed
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Reading:
    """How much there is of everything, when nothing is to be done."""

    keys: dict[str, int]  # those without a TTL, and how many items each has
    keys_bytes: int  # theirs
    server_bytes: int  # beside keys that pass, and clients
    connections: int
    consumers: int
    descriptors: int  # of the processes that stay
    resident: dict[str, int]  # theirs, of each

    @property
    def process_bytes(self) -> int:
        return sum(self.resident.values())


class Soak:
    """Two supervisors; one's worker stays, the other's is restarted again and again."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.server = ground.server()
        self.field = Field(ground, self.server, leak_app.app, "tests.faults.leak_app")
        self.stays, self.restarted = self._start(1), self._start(2)
        self._sent = 0

    def _start(self, number: int) -> Process:
        size = ("-c", "4", "--async-concurrency", "100", "-l", "CRITICAL")
        worker = self.field.start(*size, env={QUICK: "1"})
        self.field.registered(number)
        return worker

    def run(self, jobs: int, restarts: int) -> None:
        """So many jobs, and so many restarts meanwhile."""
        for part in range(restarts):
            until = self._sent + jobs // restarts
            while self._sent < until:
                self.field.wait(lambda: self._waiting() < AHEAD, "room for more", 60)
                self._send(min(AHEAD, until - self._sent))
            self._restart(part)
            self.ground.figures.add(restarts=1)
        self.field.wait(self.field.is_empty, "all to be done", 60)

    def _waiting(self) -> int:
        now = self.field.counts()
        return now["waiting"] + now["parked"] + now["running"]

    def _send(self, count: int) -> None:
        tasks = leak_app.TASKS
        for at, task in enumerate(tasks):
            numbers = range(self._sent + at, self._sent + count, len(tasks))
            task.delay_many([(number,) for number in numbers])
        self._sent += count
        leak_app.plain.options(idempotency_key=str(self._sent)).delay(self._sent)

    def _restart(self, part: int) -> None:
        """Killed and ended in order by turns; not before the last one's successor is there."""
        pid = self.restarted.worker_pid
        self.field.wait(lambda: pid in self.field.infos().values(), "it to be registered", 40)
        os.kill(pid, signal.SIGKILL if part % 2 else signal.SIGTERM)
        self.field.wait(lambda: self.restarted.worker_pid not in (0, pid), "a successor", 40)

    def settled(self) -> Reading:
        """When all that goes by itself has gone; one worker has just begun, the other stays.

        The server frees and shrinks in its own time: until it doesn't get less any more.
        """
        self._restart(0)
        reading = self._read()
        until = time.monotonic() + SETTLES_S
        while time.monotonic() < until:
            time.sleep(0.7)
            last, reading = reading, self._read()
            if abs(last.server_bytes - reading.server_bytes) < ROOM / 10 * last.server_bytes:
                break
        return reading

    def _read(self) -> Reading:
        field, admin = self.field, self.server.admin
        alive = {worker.worker_pid for worker in (self.stays, self.restarted)}
        field.wait(lambda: set(field.infos().values()) == alive, "the dead to be forgotten", 40)
        self._sweep()
        admin.slowlog_reset()  # up to 128 whole calls, more of them where the machine is busy
        admin.execute_command("MEMORY", "PURGE")  # type: ignore[no-untyped-call]
        stay = {
            "worker": self.stays.worker_pid,
            "its_supervisor": self.stays.pid,
            "other_supervisor": self.restarted.pid,
        }
        passing = staying = 0
        keys: dict[str, int] = {}
        prefix = field.keys.key("")
        for name in admin.scan_iter(count=1000):
            short = name.decode().removeprefix(prefix)
            size = admin.memory_usage(name, samples=0) or 0
            if admin.ttl(name) != -1 or short in STATISTICS:
                passing += size
            else:
                staying += size
                keys[short] = _size(admin, name)
        memory = admin.info("memory")
        used = int(memory["used_memory"]) - int(memory["mem_clients_normal"])
        return Reading(
            keys=keys,
            keys_bytes=staying,
            server_bytes=used - passing,
            connections=len(admin.client_list()),
            consumers=len(admin.xinfo_consumers(field.keys.key("stream"), GROUP)),
            descriptors=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in stay.values()),
            resident={name: _resident(pid) for name, pid in stay.items()},
        )

    def _sweep(self) -> None:
        """What the workers' sweepers do every half a minute, now."""
        time.sleep(1.5)  # an outcome lives for a second, and a worker has its connections by then
        while True:
            swept = self.field.app.client.run(operations.sweep(self.field.keys, limit=200))
            if not swept.results + swept.rates:
                return


def _size(admin: redis.Redis, name: bytes) -> int:
    kind = bytes(admin.type(name))  # type: ignore[arg-type]
    counts: dict[bytes, Any] = {
        b"hash": admin.hlen,
        b"zset": admin.zcard,
        b"list": admin.llen,
        b"stream": admin.xlen,
        b"set": admin.scard,
        b"string": admin.strlen,
    }
    with suppress(redis.ResponseError):
        return int(counts[kind](name))
    return 0


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def attack(ground: Ground, *, warm: int, jobs: int, restarts: int) -> None:
    """`warm` jobs, then `jobs` with `restarts`."""
    soak = Soak(ground)
    soak.run(warm, 2)
    before = soak.settled()
    soak.run(jobs, restarts)
    after = soak.settled()
    ground.figures.add(jobs=warm + jobs)
    _compare(ground, before, after)
    counts = soak.field.counts()
    ended = counts["succeeded"] == counts["enqueued"]
    ground.figures.expect(ended and not counts["jobs"], f"not all succeeded: {counts}")
    soak.field.stop()
    ground.audit(soak.server)


def _compare(ground: Ground, before: Reading, after: Reading) -> None:
    figures = ground.figures
    new = set(after.keys) - set(before.keys)
    figures.expect(not new, f"keys that were not there: {sorted(new)[:5]}")
    for name in sorted(set(after.keys) & set(before.keys)):
        cap = CAPPED.get(name.partition(":")[0], 0)
        most = max(cap, before.keys[name] * (1 + ROOM))
        figures.expect(after.keys[name] <= most, f"{name}: {after.keys[name]} over {most:.0f}")
    figures.add(keys_without_ttl=len(after.keys))
    for what in SAME:
        was, now = getattr(before, what), getattr(after, what)
        figures.measure(**{what: now, f"{what}_grown_share": (now - was) / was})
        most = was * (1 + ROOM) + POOLED.get(what, 0)
        figures.expect(now <= most, f"{what}: {was} became {now}")
    for name, was in before.resident.items():
        figures.measure(**{f"{name}_grown_bytes": after.resident[name] - was})


ROW = Row(
    14,
    "fifty thousand jobs, or two million, and what they leave behind",
    attack,
    small={"warm": 20_000, "jobs": 30_000, "restarts": 10},
    large={"warm": 100_000, "jobs": 300_000, "restarts": 40},
    rounds=5,
)
