"""Row 13: a queue of a million jobs; what each script costs the server there, call by call.

First a worker and a producer live on that queue, with plain jobs and then with jobs that use much,
and all the scripts that they call are timed. Then
each script of `lua/` is called in the state of its case (`tests/lua/cases.py`), again and again,
beside the million: nothing of them is delivered meanwhile, so that the case's jobs are next.
The times are the server's own, from its slow log; a busy machine is kept out by a real-time
priority for the server, where the system allows that. What a machine takes that is shared with
others isn't: so each call is followed by one that only counts, and what the slowest of those took
beyond their middle is the machine's. It is said, and allowed for nothing.

At most one call in a thousand may take more than the limit: of all calls of a script in one of
these situations, in all rounds together. A life has a thousand or two of some scripts, of which the
slowest thousandth is one call. That this is the count was decided before the run whose figures are
published.

The servers are Redis 7.0, as one has for a queue of that size, and the embedded one. That one takes
its memory from the C library, and so is slower at collecting Lua's garbage: what its calls take is
measured, and is no promise. Each round has one of the servers, a million of its own and every fifth
script, so that the row goes on where it was stopped.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import redis

from streamq import StreamQ, current_job, operations
from streamq.keys import GROUP
from streamq.operations import NewJob
from streamq.scripts import load
from streamq.worker import Worker
from tests.faults.harness import Figures, Ground, Row
from tests.faults.network import SCRIPTS
from tests.lua.cases import CASES
from tests.lua.rig import Rig
from tests.servers import Server
from tests.servers_pool import redis_binary
from tests.worker.rig import Here

LIMIT_MS = 5.0
SHARE = 0.999
CALLS, OVER = "_calls", "_over"  # counted of a script in a situation
UNJUDGED = "embedded_"  # in the name of a situation
MOST = 200  # jobs of one call, where it isn't less; then as many as of the jobs of its case
FEWER = {  # what the package sends in one call, where it sends less
    11: "ack bury",
    16: "admit claim enqueue reclaim release retry strand throttle",
    30: "audit audit_trails cancel delete revive",
    33: "append",
    50: "audit_schedules declare fire forget forward limiters look relay standing suspend timetable"
    " watch withdraw",
    100: "get_limits poke progress promote",
}
PAGES = {name: size for size, names in FEWER.items() for name in names.split()}
PARTS = 5  # of the scripts, for each server
MUCH = 100_000  # commands that the slow log keeps
LOOK_S = 0.5
REDIS, EMBEDDED = "redis70", "valkey9"
DEEP = ("jobs", "state", "stream", "scheduled", "dead")  # where the million is
COUNTS = "local n = 0 for i = 1, 50000 do n = n + i end return n"
BODY = b"\x93\x90\x80\x80"  # no arguments, no options
DAY_MS = "+86400000"


def attack(ground: Ground, *, jobs: int, lived: int, used: int, calls: dict[int, int]) -> None:
    """`lived` plain jobs of a queue of `jobs` are run, and `used` of those that use much; then each
    script is called, `calls` by batch.
    """
    part, flavour = _part(ground.seed)
    server = ground.server(flavour)
    first = _is_first(server.pid)
    ground.figures.add(jobs=jobs, at_real_time_priority=first)
    rig = Rig(server)
    _fill(server, rig, jobs)
    server.admin.config_set("slowlog-log-slower-than", 0)
    server.admin.config_set("slowlog-max-len", MUCH)
    notes = _Notes(ground.figures, flavour)
    _live(server, rig, notes, lived)
    _live(server, rig, notes, used, much=True)
    bench = _Bench(rig, Rig(ground.server(flavour)))
    for batch, times in calls.items():
        for name in part:
            size = min(batch, PAGES.get(name, batch))
            how = "most" if batch == MOST else str(batch)
            notes.add(name, how, *bench.times_us(name, size, times))


def _part(seed: str) -> tuple[list[str], str]:
    """Which scripts, and on which server: a seed is `number/round`, or all on the first."""
    number = seed.partition("/")[2]
    turn, part = divmod(int(number), PARTS) if number else (0, 0)
    flavour = REDIS if turn == 0 and redis_binary() else EMBEDDED
    return (SCRIPTS[part::PARTS] if number else SCRIPTS), flavour


def _is_first(pid: int) -> int:
    """Whether no other process can come between the server and the clock."""
    try:
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
    except (AttributeError, OSError):
        return 0
    return 1


def _fill(server: Server, rig: Rig, jobs: int) -> None:
    """So many wait, a tenth as many are scheduled, and as many dead."""
    _enqueue(rig, "dead", jobs // 10)
    while ids := rig.claimed("dying", MOST):
        rig.bury(*ids, token="dying")
    _enqueue(rig, "later", jobs // 10, DAY_MS)
    _enqueue(rig, "waits", jobs)


def _enqueue(rig: Rig, name: str, count: int, due: str = "0") -> None:
    for at in range(0, count, MOST):
        some = range(at, min(count, at + MOST))
        new = [NewJob(f"{name}{n:09d}", "t", BODY, due) for n in some]
        counter = rig.next_counter("filler")
        rig.run(operations.enqueue(rig.keys, producer="filler", counter=counter, jobs=new))


def _live(server: Server, rig: Rig, notes: _Notes, lived: int, *, much: bool = False) -> None:
    """A worker runs the first of them, and a producer adds to them, one by one and in batches.

    With `much` these count alone; they come out of the line, past those that wait in the stream.
    """
    app = StreamQ("million", broker=server.url)
    app.conf.default_queue = rig.keys.queue
    done: list[int] = []
    waiting = ThreadPoolExecutor(5)
    add = _uses_much(app, done, waiting) if much else _plain(app, done)
    took, counting = _Took(server.admin), server.admin.register_script(COUNTS)
    logging.getLogger("streamq.worker").setLevel(logging.CRITICAL)  # of jobs that fail
    here = Here(Worker(app, threads=1, async_concurrency=100))
    here.start()
    until = time.monotonic() + 600
    while len(done) < lived and time.monotonic() < until:
        add()
        counting()
        took.look()
        time.sleep(0.01)
    here.stop(30)
    waiting.shutdown(cancel_futures=True)
    app.runtime.close()
    notes.figures.expect(len(done) >= lived, f"only {len(done)} of {lived} ran")
    took.look(LOOK_S)
    for name in SCRIPTS:
        if times := took.us.get(load(name).sha):
            notes.add(name, "live_much" if much else "live", times, took.us[counting.sha])


def _plain(app: StreamQ, done: list[int]) -> Callable[[], object]:
    """Adds 21 jobs that use nothing."""

    @app.task(name="t")
    async def t(*_: object) -> None:
        done.append(1)

    call = t.options(ignore_result=True)
    return lambda: (call.delay(), call.delay_many([() for _ in range(20)]))


def _uses_much(app: StreamQ, done: list[int], waiting: ThreadPoolExecutor) -> Callable[[], object]:
    """Adds 120 jobs with a key, tags, a limit, a result and a child, of which some wait for it.

    One in ten is run again, one in fifty dies, and one in five keeps where it is.
    """

    @app.task(name="t")
    async def t(*_: object) -> None: ...

    @app.task(
        name="much",
        unique=True,
        concurrency=1000,
        tags=("one", "two"),
        max_attempts=2,
        backoff=0.05,
    )
    async def much(number: int) -> str:
        job = current_job()
        job.enqueue(t.s())
        if number % 5 == 0:
            await job.acheckpoint({"at": number})
        if number % 50 == 0 or (number % 10 == 1 and job.attempt == 1):
            raise ValueError(number)
        done.append(number)
        return "x" * 100

    numbers = count()

    def add() -> None:
        jobs = much.delay_many([(next(numbers),) for _ in range(120)])
        for job in jobs[2:7]:
            waiting.submit(job.get, timeout=3)

    return add


class _Took:
    """What each script call took, by the slow log, which is emptied now and then."""

    def __init__(self, admin: redis.Redis) -> None:
        self.us: dict[str, list[int]] = defaultdict(list)  # by the script's hash
        self._admin = admin
        self._next = 0.0
        admin.slowlog_reset()

    def look(self, ahead_s: float = 0.0) -> None:
        """If it is time."""
        if time.monotonic() + ahead_s < self._next:
            return
        with self._admin.pipeline() as pipe:
            pipe.slowlog_get(MUCH)
            pipe.slowlog_reset()
            entries = pipe.execute()[0]
        for entry in entries:
            words = entry["command"].split(b" ", 2)
            if words[0].upper() == b"EVALSHA":
                self.us[words[1].decode()].append(int(entry["duration"]))
        self._next = time.monotonic() + LOOK_S


@dataclass(frozen=True)
class _Notes:
    figures: Figures
    flavour: str

    def add(self, name: str, how: str, times_us: list[int], counted_us: list[int]) -> None:
        """What all but one in a thousand took at most, and of the calls that only counted."""
        middle_ms, most_ms = _middle_and_most(times_us)
        counted_ms, counted_most_ms = _middle_and_most(counted_us)
        machine_ms = counted_most_ms - counted_ms
        if self.flavour == EMBEDDED:
            how = f"{UNJUDGED}{how}"
        self.figures.add(**{f"calls_{how}": len(times_us)})
        self.figures.measure(
            **{f"{name}_{how}_middle_ms": middle_ms, f"{name}_{how}_ms": most_ms},
            **{f"machine_{how}_ms": machine_ms},
        )
        over = sum(one > LIMIT_MS * 1000 for one in times_us)
        self.figures.add(**{f"{name}_{how}{CALLS}": len(times_us)})
        if over:
            self.figures.add(**{f"{name}_{how}{OVER}": over})


def judge(figures: Figures) -> None:
    """Of each script in each situation on Redis, all but one call in a thousand are in time."""
    for key, calls in list(figures.sums.items()):
        what = key.removesuffix(CALLS)
        if what == key or UNJUDGED in what:
            continue
        over = figures.sums[what + OVER]
        text = f"{what}: {over} of {calls} calls over {LIMIT_MS:.0f} ms"
        figures.expect(over <= calls - math.ceil(SHARE * calls), text)


def _middle_and_most(times_us: list[int]) -> tuple[float, float]:
    """In ms; the second is what all but one in a thousand took at most."""
    ordered = sorted(times_us)
    return ordered[len(ordered) // 2] / 1000, ordered[math.ceil(SHARE * len(ordered)) - 1] / 1000


class _Bench:
    """Calls a script in the state of its case, and puts everything back."""

    def __init__(self, rig: Rig, scratch: Rig) -> None:
        self._rig = rig
        self._scratch = scratch  # an empty server: which jobs a case makes is seen there
        self._keep = {rig.keys.key(name).encode() for name in DEEP}
        self._stream = rig.keys.key("stream")
        self._counting = rig.admin.register_script(COUNTS)
        self._last = rig.admin.xinfo_stream(self._stream)["last-generated-id"]
        rig.admin.xgroup_setid(self._stream, GROUP, self._last)

    def times_us(self, name: str, batch: int, times: int) -> tuple[list[int], list[int]]:
        """What each call cost, and each of those between them that only count."""
        ids, found, counted = self._ids(name, batch), [], []
        for number in range(times + 1):
            self._put_back(ids)
            call = CASES[name](self._rig, batch)
            self._rig.raw(call)
            if number:  # the first one has loaded the script
                found.append(self._last_us(call.script.sha))
                self._counting()
                counted.append(self._last_us(self._counting.sha))
        self._put_back(ids)
        return found, counted

    def _last_us(self, sha: str) -> int:
        """What the last call cost; a connection that is made anew says something of its own."""
        entries = self._rig.admin.slowlog_get(20)
        mine = (one for one in entries if one["command"].startswith(f"EVALSHA {sha}".encode()))
        return int(next(mine)["duration"])

    def _ids(self, name: str, batch: int) -> list[bytes]:
        """The jobs of its case, and those that it makes."""
        scratch, found = self._scratch, set[bytes]()
        scratch.admin.flushall()
        call = CASES[name](scratch, batch)
        for again in (False, True):
            if again:
                scratch.raw(call)
            for key in ("jobs", "state"):
                found.update(scratch.admin.hkeys(scratch.keys.key(key)))  # type: ignore[arg-type]
        return sorted(found)

    def _put_back(self, ids: list[bytes]) -> None:
        admin, key = self._rig.admin, self._rig.keys.key
        others = [name for name in admin.scan_iter(count=1000) if name not in self._keep]
        rows: list[Any] = admin.xrange(self._stream, f"({self._last.decode()}") or []
        added = [entry for entry, _ in rows]
        with admin.pipeline(transaction=False) as pipe:
            pipe.delete(*others) if others else None
            for at in range(0, len(ids), MOST):
                some = ids[at : at + MOST]
                pipe.hdel(key("jobs"), *some)
                pipe.hdel(key("state"), *some)
                pipe.zrem(key("scheduled"), *some)
                pipe.zrem(key("dead"), *some)
            pipe.xdel(self._stream, *added) if added else None
            pipe.xgroup_destroy(self._stream, GROUP)
            pipe.xgroup_create(self._stream, GROUP, self._last)
            pipe.execute()


ROW = Row(
    13,
    "a queue of a million jobs",
    attack,
    small={"jobs": 2000, "lived": 300, "used": 300, "calls": {5: 1}},
    large={"jobs": 1_000_000, "lived": 200_000, "used": 20_000, "calls": {20: 1000, MOST: 1000}},
    rounds=2 * PARTS,
    judge=judge,
)
