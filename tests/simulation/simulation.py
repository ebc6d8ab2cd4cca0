"""One run of the simulation: a world with workers and a producer, its weather, and what must hold.

python -m tests.simulation 7          the run of this seed, and what it did
python -m tests.simulation --seeds 1000
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from streamq import operations, scripts
from streamq.errors import StreamQError
from streamq.keys import queue_keys
from streamq.operations.call import Call
from streamq.worker import Worker, funeral
from streamq.worker.runner import Runner
from tests.simulation.shop import LEASE_S, QUEUE, Journal, make_app, produce
from tests.simulation.values import ZSet
from tests.simulation.weather import Plan, brew, draw
from tests.simulation.world import Node, World

BAD_S = 12.0  # for which things go wrong
DRAIN_S = 60.0  # in which all is done after that
GRACE_S = 1.0
END_S = GRACE_S + 5.0  # of a worker that is told to stop
SETTLING = {"ack", "retry", "bury"}
SCRIPTS = [scripts.load(file.stem) for file in scripts.lua_folder().glob("*.lua")]
NAMES = {key.encode(): one.name for one in SCRIPTS for key in (one.sha, one.source)}
log = logging.getLogger("streamq.simulation")
KEYS = queue_keys("streamq", QUEUE)


@dataclass
class Crewman:
    """A worker process."""

    node: Node
    stop: asyncio.Event
    task: asyncio.Task[None]
    told_at: float | None = None


@dataclass
class Figures:
    """What a run was like."""

    seed: str
    plan: Plan
    jobs: int = 0
    runs: int = 0
    calls: int = 0
    steps: int = 0
    seconds: float = 0.0  # of the world's time
    trace: int = 0
    broken: list[str] = field(default_factory=list)


class Simulation:
    """Runs once."""

    def __init__(self, seed: str, *, is_told: bool = False) -> None:
        self.is_told = is_told  # all that happens is printed
        self.world = World(seed)
        self.plan = draw(self.world.random, BAD_S)
        self.journal = Journal([], {}, set())
        self.fleet: dict[str, Crewman] = {}
        self.gone: list[Crewman] = []
        self.excuses: Counter[str] = Counter()  # why a job may run once more
        self.seen: set[tuple[str, str]] = set()  # job and token of each run
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def run(self) -> Figures:
        """Until all is done and everybody has left."""
        world = self.world
        world.watch = self._watch
        with world.begun(), self._recorded(), _logging(world, is_wanted=self.is_told):
            for _ in range(self.plan.workers):
                self._hire()
            producer = world.node("producer")
            with world.as_running(producer):
                app = make_app(world, producer, self.journal)
            work = produce(app, world, self.journal, self.plan.jobs, BAD_S * 0.7)
            producing = producer.start(work)
            brew(world, self.plan, lambda: sorted(self.fleet), self._strike)
            world.run(lambda: False, BAD_S + 2)
            world.harm_rate = 0.0
            self._expect(
                world.run(lambda: producing.done() and self._is_empty(), DRAIN_S),
                f"after {world.now:.0f} s not all is done: {self._count()}",
            )
            self._end_all()
            self._check()
        return Figures(
            world.seed,
            self.plan,
            len(self.journal.kinds),
            len(self.journal.runs),
            world.server.calls,
            world.steps,
            world.now,
            world.trace,
            world.broken,
        )

    # --- workers --------------------------------------------------------------------------------

    def _hire(self) -> None:
        world = self.world
        node = world.node(f"worker{len(self.fleet) + len(self.gone)}")
        node.wall = world.random.choice((0.0, 0.0, 3600.0, -3600.0))
        with world.as_running(node):
            app = make_app(world, node, self.journal)
            worker = Worker(app, name=node.name, threads=2, async_concurrency=3, grace=GRACE_S)
            stop = asyncio.Event()
        self.fleet[node.name] = Crewman(node, stop, node.start(worker.serve(stop)))

    def _strike(self, name: str, how: str) -> None:
        man, world = self.fleet.pop(name), self.world
        self.gone.append(man)
        if how == "kill":
            man.node.kill()
            if world.random.random() < 0.5:
                self._bury(name)
            world.at(world.now + world.random.uniform(0.05, 4), self._hire)
        else:
            self._tell(man)
            self._hire()

    def _bury(self, name: str) -> None:
        """Its supervisor finds it dead."""
        world = self.world
        supervisor = world.node(f"supervisor of {name}")
        client = world.client_of(supervisor)

        def ritual() -> None:
            for _ in range(20):
                try:
                    funeral.after_crash(client, [KEYS], name, 0.5)
                except StreamQError:
                    world.thread().wait(lambda: False, 1.0)
                else:
                    return

        world.start_thread(supervisor, ritual)

    def _tell(self, man: Crewman) -> None:
        man.told_at = self.world.now
        man.node.troubled(END_S)
        self.world.at(self.world.now, partial(_set, man))

    def _end_all(self) -> None:
        world = self.world
        for man in self.fleet.values():
            self._tell(man)
        self.gone += self.fleet.values()
        self.fleet = {}
        waited = [man for man in self.gone if not man.node.is_dead]
        self._expect(
            world.run(lambda: all(man.task.done() for man in waited), END_S),
            "a worker that was told to stop goes on",
        )

    # --- what is seen ---------------------------------------------------------------------------

    def _watch(self, node: Node, words: list[bytes], run: Callable[[], Any]) -> Any:
        """A command is done: who loses a lease must have had trouble."""
        name = _script(words)
        reply = run()
        if self.is_told:
            log.debug("%s: %s -> %s", node.name, _short(words), reply)
        if name == "reclaim" and isinstance(reply, list):
            for job, worker in zip(reply[5::2], reply[6::2], strict=True):
                self.excuses[job.decode()] += 1
                self._expect_trouble(worker.decode(), f"the lease of {job.decode()} was lost")
        elif name == "release":
            for job in words[3 + int(words[2]) + 3 :: 3]:
                self.excuses[job.decode()] += 1
        elif name in SETTLING and isinstance(reply, list) and b"LEASELOST" in _flat(reply):
            # The lease may be lost for as long as the job ran since.
            self._expect_trouble(node.name, "an outcome was refused", 8 * LEASE_S)
        return reply

    def _expect_trouble(self, worker: str, what: str, within: float = 2 * LEASE_S) -> None:
        now = self.world.now
        node = self.world.named(worker)
        fine = node.was_troubled(now - within, now)
        self._expect(fine, f"{now:.3f}: {what} by {worker}, which had no trouble")

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """No claim starts a job twice."""
        prepare = Runner.prepare

        def recorded(runner: Runner, held: Any) -> Any:
            run = (held.job.id, held.lease.token)
            self._expect(run not in self.seen, f"{held.job.id} ran twice under one claim")
            self.seen.add(run)
            return prepare(runner, held)

        with patch.object(Runner, "prepare", recorded):
            yield

    def _call(self, call: Call[Any]) -> Any:
        """Ask the server directly."""
        keys = [key.encode() for key in call.keys]
        args = [one if isinstance(one, bytes) else str(one).encode() for one in call.args]
        source = call.script.source.encode()
        words = [b"EVAL", source, b"%d" % len(keys), *keys, *args]
        return call.read(self.world.server.execute(words))

    def _count(self) -> dict[str, int]:
        counts: dict[str, int] = self._call(operations.count(KEYS))
        return counts

    def _is_empty(self) -> bool:
        """Looked at from outside, so that it costs no call."""
        values = self.world.server.values
        jobs = values.get(KEYS.key("jobs").encode(), {})
        dead = values.get(KEYS.key("dead").encode())
        return len(jobs) == (len(dead) if isinstance(dead, ZSet) else 0)

    # --- what must hold -------------------------------------------------------------------------

    def _expect(self, holds: object, otherwise: str) -> None:
        if not holds:
            self.world.broken.append(otherwise)

    def _check(self) -> None:
        for node in self.world.nodes:
            for error in node.loop.errors:
                what = f"{error.get('message')}: {error.get('exception')!r}"
                self._expect(node.is_dead, f"{node.name}: {what}")
        for man in self.gone:
            if man.task.done() and not man.task.cancelled() and not man.node.is_dead:
                self._expect(man.task.exception() is None, f"died: {man.task.exception()!r}")
        self._check_audit()
        self._check_ends()
        self._check_runs()

    def _check_audit(self) -> None:
        for structure in operations.STRUCTURES:
            page = self._call(operations.audit(KEYS, structure=structure, limit=200))
            for one in page.violations:
                self.world.broken.append(f"audit: {one.rule}: {one.member} in {one.key}")
        values = self.world.server.values
        for name in ("leases", "claims", "held", "stranded", "returned"):
            self._expect(not values.get(KEYS.key(name).encode()), f"{name} is left behind")
        workers = values.get(KEYS.key("workers").encode())
        last = self._count()["now_ms"] + LEASE_S * 1000
        for worker, until in workers.scores.items() if workers else ():
            self._expect(until <= last, f"{worker!r} counts as alive for longer than a lease")

    def _check_ends(self) -> None:
        """Every job has ended, once, and as it should."""
        server = self.world.server
        outcomes = server.get(KEYS.key("results").encode(), dict) or {}
        dead = server.get(KEYS.key("dead").encode(), ZSet)
        for job, kind in self.journal.kinds.items():
            outcome = outcomes.get(job.encode(), b"").split(b" ", 1)[0].decode()
            if dead is not None and job.encode() in dead.scores:
                outcome = "dead"
            wanted = {"doomed": {"dead"}, "unwanted": {"ok", "cancelled"}}.get(kind, {"ok"})
            self._expect(outcome in wanted, f"{kind} {job} ended as {outcome or 'nothing'}")
        counts = self._count()
        ended = sum(counts.get(one, 0) for one in ("succeeded", "cancelled", "died"))
        enqueued = counts.get("enqueued", 0)
        self._expect(ended == enqueued, f"{enqueued} jobs, and {ended} ends")
        most = len(self.journal.kinds) + len(self.journal.perhaps)
        self._expect(enqueued <= most, f"{most} jobs were asked for, and there are {enqueued}")

    def _check_runs(self) -> None:
        runs: dict[str, list[Any]] = {}
        for run in self.journal.runs:
            runs.setdefault(run.job, []).append(run)
        for job, some in runs.items():
            may_fail = self.journal.kinds.get(job, "flaky") == "flaky"
            most = 1 + may_fail + self.excuses[job]
            self._expect(len(some) <= most, f"{job} ran {len(some)} times, {most} would be right")
            for before, after in pairwise(some):
                overlaps = before.ended is None or before.ended > after.began
                # Also the one that began later: a worker that sleeps over its lease runs what it
                # had claimed when it wakes up, while another has begun.
                since = before.began - LEASE_S
                had_trouble = any(r.node.was_troubled(since, after.began) for r in (before, after))
                both = f"{job} ran on {before.node.name} and {after.node.name} at once"
                self._expect(not overlaps or had_trouble, both)


def _set(man: Crewman) -> None:
    man.node.loop.call_soon(man.stop.set)


def _short(words: list[bytes]) -> str:
    """A command for people; of a script its name and its arguments."""
    if not (name := _script(words)):
        return b" ".join(words).decode(errors="replace")
    return f"{name} {b' '.join(words[3 + int(words[2]) :])[:200]!r}"


def _script(words: list[bytes]) -> str:
    """Which one is called; none by a plain command."""
    return NAMES.get(words[1], "") if words[0] in {b"EVALSHA", b"EVAL"} else ""


def _flat(reply: list[Any]) -> list[Any]:
    return [part for one in reply for part in (one if isinstance(one, list) else [one])]


@contextmanager
def _logging(world: World, *, is_wanted: bool) -> Iterator[None]:
    """What workers log, with the world's time; it costs some, so only where somebody reads it."""
    root, handler = logging.getLogger("streamq"), logging.StreamHandler(sys.stdout)
    before, handler.formatter = root.level, _Told(world)
    logging.disable(logging.NOTSET if is_wanted else logging.CRITICAL)
    if is_wanted:
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        root.removeHandler(handler)
        root.setLevel(before)


class _Told(logging.Formatter):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def format(self, record: logging.LogRecord) -> str:
        world = self._world
        who = world.running.name if world.is_running else "-"
        return f"{world.now:9.3f} {who:10} {record.getMessage()}"
