"""The line against a model: which jobs may a claim of one bring, whatever was done before?

Lanes, limits of concurrency, ordered lanes, priorities, pauses and limits at run time; audited
after each step. Rates and fairness, which take time, are in `tests/lua/test_line*.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY, Rig
from tests.model.test_queue_model import CI, SETTINGS
from tests.servers import Server

FEWER = SETTINGS if SETTINGS is not CI else hypothesis.settings(CI, max_examples=25)

LANES = st.sampled_from(["", "a", "b"])
TASKS = st.sampled_from(["t", "u"])
LIMITS = st.sets(st.sampled_from(["one", "two"]))
PAUSES = st.sampled_from([("queue", ""), ("lane", "a"), ("lane", "b"), ("task", "u")])
DEFAULT_BAND = 5


@dataclass
class Parked:
    id: str
    task: str  # "plain": it waits in the stream
    lane: str
    limits: tuple[str, ...]
    band: int
    order: int
    token: str = ""  # it runs
    asked: bool = False  # to end as cancelled

    @property
    def ordered(self) -> bool:
        return self.lane == "b"

    @property
    def opts(self) -> str:
        if self.task == "plain":
            return "-"
        limits = [f"c{name}=1" for name in self.limits] + ["ob"] * self.ordered
        return "q=" + "|".join([self.lane, *limits]) + f",p={9 - self.band}"


class Line(RuleBasedStateMachine):
    def __init__(self, server: Server) -> None:
        super().__init__()
        self.rig = Rig(server)
        self.rig.admin.flushall()
        self.jobs: dict[str, Parked] = {}
        self.paused: set[tuple[str, str]] = set()
        self.most = {"one": 1, "two": 1}
        self.number = 0

    # --- what may be claimed --------------------------------------------------------------------

    def may_start(self, job: Parked) -> bool:
        if job.token or {("lane", job.lane), ("task", job.task)} & self.paused:
            return False
        running = [other for other in self.jobs.values() if other.token]
        free = all(
            sum(name in other.limits for other in running) < self.most[name] for name in job.limits
        )
        return free and not (job.ordered and any(other.ordered for other in running))

    def allowed(self) -> set[str]:
        if ("queue", "") in self.paused:
            return set()
        plain = [j for j in self.jobs.values() if j.task == "plain" and not j.token]
        firsts: dict[str, Parked] = {}  # lane -> its first job that may start
        for job in sorted(self.jobs.values(), key=lambda j: (j.band, j.order)):
            if job.task != "plain" and self.may_start(job):
                firsts.setdefault(job.lane, job)
        best = min((job.band for job in firsts.values()), default=9)
        turns = {job.id for job in firsts.values() if job.band == best}
        head = {min(plain, key=lambda j: j.order).id} if plain else set()
        if best == DEFAULT_BAND:
            return turns | head
        return turns if best < DEFAULT_BAND else head or turns

    # --- steps ----------------------------------------------------------------------------------

    def enqueue(self, task: str, lane: str, limits: set[str], priority: int) -> None:
        self.number += 1
        limits = set() if task == "plain" else limits
        job = Parked(
            f"j{self.number}", task, lane, tuple(sorted(limits)), 9 - priority, self.number
        )
        self.jobs[job.id] = job
        new = [NewJob(job.id, task, BODY, opts=job.opts)]
        counter = self.rig.next_counter("p")
        self.rig.run(op.enqueue(self.rig.keys, producer="p", counter=counter, jobs=new))

    @rule(task=TASKS, lane=LANES, limits=LIMITS, priority=st.sampled_from([0, 4, 4, 4, 9]))
    def enqueue_parked(self, task: str, lane: str, limits: set[str], priority: int) -> None:
        self.enqueue(task, lane, limits, priority)

    @rule()
    def enqueue_plain(self) -> None:
        self.enqueue("plain", "", set(), 4)

    @rule()
    def claim_one(self) -> None:
        allowed = self.allowed()
        self.number += 1
        claimed = self.rig.claimed(f"T{self.number}", 1)
        assert set(claimed) <= allowed, (claimed, allowed)
        assert bool(claimed) == bool(allowed), allowed
        for id_ in claimed:
            self.jobs[id_].token = f"T{self.number}"

    @rule(count=st.integers(2, 5))
    def claim_some(self, count: int) -> None:
        """Each of them could start beside the others, and no room is left that one could have."""
        self.number += 1
        claimed = self.rig.claimed(f"T{self.number}", count)
        for id_ in claimed:
            assert ("queue", "") not in self.paused
            assert self.jobs[id_].task == "plain" or self.may_start(self.jobs[id_])
            self.jobs[id_].token = f"T{self.number}"
        assert len(claimed) == count or not self.allowed()

    @precondition(lambda self: any(job.token for job in self.jobs.values()))
    @rule(data=st.data(), how=st.sampled_from(["ack", "ack", "release", "retry", "lapse"]))
    def end_one(self, data: st.DataObject, how: str) -> None:
        job = data.draw(st.sampled_from([job for job in self.jobs.values() if job.token]))
        if how == "ack":
            assert self.rig.ack(job.id, token=job.token) == ["OK"]
            del self.jobs[job.id]
        elif job.asked and how != "lapse":
            end = self.rig.release if how == "release" else self.rig.retry
            assert end(job.id, token=job.token) == ["CANCELLED"]
            del self.jobs[job.id]
        elif how == "release":
            assert self.rig.release(job.id, token=job.token) == ["OK"]
            job.token = ""
        elif how == "retry":
            assert self.rig.retry(job.id, token=job.token, delay_ms=0) == ["OK"]
            self.rig.run(op.promote(self.rig.keys))
            job.token = ""
            if job.task == "plain":  # behind those that came meanwhile
                self.number += 1
                job.order = self.number
        else:
            self.rig.worker_is("w", alive=True)
            self.rig.lapse(job.token)
            call = op.reclaim(self.rig.keys, lease_ms=30_000, gap_ms=10**12)
            for id_, _ in self.rig.run(call).jobs:
                self.jobs[id_].token = ""
                if self.jobs[id_].asked:
                    del self.jobs[id_]

    @precondition(lambda self: bool(self.jobs))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.jobs)))
        job = self.jobs[id_]
        assert self.rig.cancel(id_) == ["ASKED" if job.token else "OK"]
        job.asked = bool(job.token)
        if not job.asked:
            del self.jobs[id_]

    @rule(pause=PAUSES)
    def pause(self, pause: tuple[str, str]) -> None:
        changed = self.rig.run(op.pause(self.rig.keys, what=pause[0], name=pause[1]))
        assert changed == (pause not in self.paused)
        self.paused.add(pause)

    @precondition(lambda self: bool(self.paused))
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        pause = data.draw(st.sampled_from(sorted(self.paused)))
        assert self.rig.run(op.resume(self.rig.keys, what=pause[0], name=pause[1]))
        self.paused.discard(pause)

    @rule(name=st.sampled_from(["one", "two"]), most=st.integers(0, 3))
    def set_limit(self, name: str, most: int) -> None:
        self.rig.run(op.set_limits(self.rig.keys, values={name: f"c {most}"}))
        cursor = self.rig.run(op.poke(self.rig.keys, definition=name, limit=1))
        while cursor:
            call = op.poke(self.rig.keys, definition=name, cursor=cursor, limit=1)
            cursor = self.rig.run(call)
        self.most[name] = most

    @invariant()
    def the_audit_is_clean(self) -> None:
        assert self.rig.violations() == []


@pytest.mark.slow
@pytest.mark.no_audit("ends anywhere; the machine audits after each step")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("any_server", ["valkey9", "redis70"], indirect=True)
def test_a_claim_brings_what_the_model_allows(any_server: Server) -> None:
    class OnServer(Line):
        def __init__(self) -> None:
            super().__init__(any_server)

    run_state_machine_as_test(OnServer, settings=FEWER)
