"""Random steps on jobs with lanes, limits and priorities, audited after each; all by one seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY, HOUR_MS, LEASE_MS, Rig

LINE = ("parked", "line", "turns", "places", "gates", "lanes", "slots", "pumped", "timers")
CONCURRENCY = {"cone=1": 1, "ctwo=2": 2, "ckey!a=1": 1, "ckey!b=1": 1}
RATES = {"rfast=2000=1": (2000, 1), "rslow=30000=3": (30000, 3), "rkey!a=9000=2=2": (9000, 2)}


class LineFuzz:
    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig, self.seed, self.random = rig, seed, random.Random(seed)
        self.jobs: dict[str, str] = {}  # id -> opts
        self.running: dict[str, str] = {}  # id -> token
        self.starts: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        self.count = 0

    # --- steps ---------------------------------------------------------------------------------

    def opts(self) -> str:
        """A lane, limiters and a priority, or some of them, or none."""
        draw = self.random
        if draw.random() < 0.15:
            return "-"
        lane = draw.choice(["", "a", "b", "c", "d"])
        limiters = [one for one in [*CONCURRENCY, *RATES] if draw.random() < 0.2]
        if lane == "d":
            limiters.append("od")
        opts = "q=" + "|".join([lane, *sorted(limiters)])
        return opts if draw.random() < 0.6 else f"{opts},p={draw.randint(0, 9)}"

    def enqueue(self) -> None:
        jobs = []
        for _ in range(self.random.randint(1, 6)):
            self.count += 1
            id_ = f"j{self.count}.{self.seed}"
            due = self.random.choice(["0"] * 6 + ["+1", "+20"])
            expires = self.random.choice(["-"] * 8 + ["+5", "+3600000"])
            self.jobs[id_] = self.opts()
            task = self.random.choice(["t", "u"])
            jobs.append(NewJob(id_, task, BODY, due, expires, self.jobs[id_]))
        counter = self.rig.next_counter("p")
        self.rig.run(op.enqueue(self.rig.keys, producer="p", counter=counter, jobs=jobs))

    def claim(self, limit: int = 0) -> None:
        self.count += 1
        token = f"T{self.count}"
        worker = self.random.choice(["w1", "w2"])
        claimed = self.rig.claim(
            token, limit or self.random.randint(1, 6), worker=worker, tasks=["t", "u"]
        )
        for job in claimed.jobs:
            assert job.id not in self.running
            self.running[job.id] = token
            self.started(job.id, claimed.now_ms * 1000 + job.delay_us)
        self.check_limits()

    def started(self, id_: str, at_us: float) -> None:
        for limiter in self.jobs[id_].split(",")[0].split("|")[1:]:
            if limiter in RATES:
                cost = float([*limiter.split("="), "1"][3])
                self.starts[limiter].append((at_us, cost, id_))

    def never_began(self, id_: str) -> None:
        for starts in self.starts.values():
            own = [at for at, one in enumerate(starts) if one[2] == id_]
            if own:
                del starts[own[-1]]

    def check_limits(self) -> None:
        for limiter, most in CONCURRENCY.items():
            holders = [i for i in self.running if limiter in self.jobs[i].split(",")[0].split("|")]
            assert len(holders) <= most, (limiter, holders)
        assert sum("|od" in self.jobs[i] for i in self.running) <= 1
        for limiter, (interval, burst) in RATES.items():
            starts = self.starts[limiter][-40:]
            for i, (first, _, _) in enumerate(starts):
                taken = 0.0
                for at, cost, _ in starts[i:]:
                    taken += cost
                    # A claim's answer gives its time in whole milliseconds.
                    assert taken <= (at - first + 1500) / interval + burst, (limiter, starts[i:])

    def settle(self) -> None:
        if not self.running:
            return
        some = self.random.sample(sorted(self.running), min(len(self.running), 3))
        how = self.random.choice(
            ["ack", "ack", "ack", "retry", "bury", "release", "unused", "crash", "strand"]
        )
        seq = self.rig.next_seq()
        make: dict[str, Callable[[str, str], Any]] = {
            "ack": lambda i, t: op.Ack(i, t, "t", "none", 1, 0),
            "retry": lambda i, t: op.Again(i, t, self.random.choice([0, 5, 30]), counted=True),
            "bury": lambda i, t: op.Burial(i, t, "t", "failed", 1, b"x"),
            "release": lambda i, t: op.HandBack(i, t),
            "unused": lambda i, t: op.HandBack(i, t, unused=True),
            "crash": lambda i, t: op.HandBack(i, t, crashed=True),
            "strand": lambda i, t: op.Stray(i, t, self.task(i)),
        }
        items = [make[how](i, self.running.pop(i)) for i in some]
        verb = getattr(op, {"crash": "release", "unused": "release"}.get(how, how))
        words = self.rig.run(verb(self.rig.keys, worker="w1", seq=seq, jobs=items))
        words = words[1] if how == "bury" else words
        assert set(words) <= {"OK", "POISON", "CANCELLED"}
        for id_ in some if how == "unused" else ():
            self.never_began(id_)

    def task(self, id_: str) -> str:
        record = self.rig.admin.hget(self.rig.keys.key("jobs"), id_)
        assert isinstance(record, bytes)
        return record.split(b" ")[1].decode()

    def lapse(self) -> None:
        if not self.running:
            return
        token = self.random.choice(sorted(self.running.values()))
        self.rig.lapse(token)
        call = op.reclaim(self.rig.keys, lease_ms=LEASE_MS, gap_ms=10**12)
        gone = [id_ for id_, _ in self.rig.run(call).jobs]
        for id_ in gone:
            del self.running[id_]

    def cancel(self) -> None:
        some = self.random.sample(sorted(self.jobs), min(len(self.jobs), 3)) or ["nobody"]
        self.rig.run(op.cancel(self.rig.keys, ids=some, result_ttl_ms=HOUR_MS))

    def promote(self) -> None:
        self.rig.run(op.promote(self.rig.keys, limit=self.random.randint(1, 5)))

    def revive(self) -> None:
        dead = self.rig.run(op.page(self.rig.keys, place="dead", limit=3)).ids
        if dead:
            self.rig.run(op.revive(self.rig.keys, ids=dead))

    # --- the run -------------------------------------------------------------------------------

    def step(self) -> None:
        weights: dict[Callable[[], None], int] = {
            self.enqueue: 4,
            self.claim: 6,
            self.settle: 5,
            self.lapse: 1,
            self.cancel: 1,
            self.promote: 2,
            self.revive: 1,
        }
        [chosen] = self.random.choices(list(weights), list(weights.values()))
        chosen()
        violations = self.rig.violations()
        assert violations == [], (chosen.__name__, violations)

    def drain(self) -> None:
        """Everything comes out in the end, and nothing of the line is left."""
        for _ in range(3000):
            self.rig.run(op.promote(self.rig.keys, limit=100))
            self.claim(limit=50)
            seq = self.rig.next_seq()
            items = [op.Ack(i, t, "t", "none", 1, 0) for i, t in self.running.items()]
            self.running.clear()
            if items:
                self.rig.run(op.ack(self.rig.keys, worker="w1", seq=seq, jobs=items))
            counts = self.rig.run(op.count(self.rig.keys))
            if counts["jobs"] == counts["dead"]:
                break
        else:
            raise AssertionError(self.rig.snapshot())
        while dead := self.rig.run(op.page(self.rig.keys, place="dead", limit=200)).ids:
            self.rig.run(op.delete(self.rig.keys, ids=dead))
        assert self.rig.violations() == []
        left = set(self.rig.snapshot()) & {*LINE}
        assert left == set()
