"""Schedules and their jobs against a model, in any order; audited after each step.

Whatever comes between, a tick has one job at most, ticks come in order, and of a schedule that
allows no overlap at most one job is on its way.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    run_state_machine_as_test,
)

from streamq import operations as op
from streamq.operations import Declaration, NewJob
from tests.lua.rig import BODY, HOUR_MS, Rig
from tests.model.looking import violations
from tests.model.steps import Stepping, step
from tests.servers import Server

EXAMPLES = {"valkey9": 60, "redis70": 40}
SETTINGS = hypothesis.settings(
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
NAMES = st.sampled_from(["shop/allow", "shop/skip", "shop/queue_one"])
OFTEN_NOT = st.sampled_from([False, False, False, True])
PARTS = 6  # of the audit
SOME = lambda self: bool(self.world.schedules)  # noqa: E731
HELD = float(op.HELD_BACK_MS)


@dataclass
class Known:
    """A schedule as the model has it; its cursor counts ticks."""

    version: int
    cursor: str = "-"
    paused: bool = False
    fired: int = 0
    skipped: int = 0
    last: str = ""
    held: str = ""
    timing: str = ""

    def redefine(self, timing: str) -> None:
        """Its ticks go on as they were where its timing is the same."""
        goes_on = timing == self.timing and self.cursor != "end"
        self.version, self.cursor = self.version + 1, self.cursor if goes_on else "-"
        self.timing = timing


@dataclass
class World:
    schedules: dict[str, Known] = field(default_factory=dict)
    alive: dict[str, str] = field(default_factory=dict)  # job -> token while it runs, else ""
    before: dict[str, str] = field(default_factory=dict)  # job held back -> the one before it
    asked: set[str] = field(default_factory=set)  # running jobs whose end is asked for
    dead: set[str] = field(default_factory=set)
    made: int = 0
    tick: int = 1_000


class Schedules(Stepping):
    """One queue with three schedules; their jobs end in every way there is."""

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.server.admin.flushall()
        self.rig = Rig(self.server)
        self.keys = self.rig.keys
        self.world = World()
        self.tokens = 0
        self.looked = 0

    # --- schedules --------------------------------------------------------------------------

    @step(2, name=NAMES, author=st.sampled_from(["f1", "f2"]))
    def declare(self, name: str, author: str) -> None:
        told = [Declaration(name, author, author, "definition")]
        [word] = self.rig.run(op.declare(self.keys, declarations=told))
        known = self.world.schedules.get(name)
        if known is None:
            assert word == "OK"
            self.world.schedules[name] = Known(1, timing=author)
        elif word == "OK":
            known.redefine(author)

    @step(2, name=NAMES, stale=OFTEN_NOT, timing=st.sampled_from(["daily", "hourly"]))
    def define(self, name: str, stale: bool, timing: str) -> None:
        """Made or changed at run time, by somebody who read it before."""
        known = self.world.schedules.get(name)
        version = (known.version if known else 0) + stale
        self.world.tick += 1
        told = {"timing": timing, "definition": f"{self.world.tick}"}
        call = op.define(self.keys, schedule=name, version=version, **told)
        word = self.rig.run(call)
        assert word == ("STALE" if stale else "OK")
        if stale:
            return
        assert self.rig.run(call) == "OK", "its own work, found again"
        if known is None:
            self.world.schedules[name] = Known(1, timing=timing)
        else:
            known.redefine(timing)

    @step(when=SOME, name=NAMES, paused=OFTEN_NOT)
    def suspend(self, name: str, paused: bool) -> None:
        [word] = self.rig.run(op.suspend(self.keys, schedules=[name], paused=paused))
        known = self.world.schedules.get(name)
        assert word == (
            "UNKNOWN" if known is None else "ALREADY" if known.paused == paused else "OK"
        )
        if known is not None and word == "OK":
            known.paused = paused
            known.cursor = known.cursor if known.cursor == "end" else "-"

    @step(when=SOME, name=NAMES)
    def withdraw(self, name: str) -> None:
        [word] = self.rig.run(op.withdraw(self.keys, schedules=[name], hold_ms=0))
        assert word == ("OK" if self.world.schedules.pop(name, None) else "UNKNOWN")

    @step(8, when=SOME, name=NAMES, twice=OFTEN_NOT, stale=OFTEN_NOT, number=st.integers(0, 3))
    def fire(self, name: str, twice: bool, stale: bool, number: int) -> None:
        known = self.world.schedules.get(name) or Known(1)
        jobs = []
        for _ in range(number):
            self.world.tick += 1
            opts = f"t={self.world.tick},s={name}"
            id_ = f"{self.world.tick:07d}{op.MARK}{'x' * 8}.q"
            jobs.append((self.world.tick, NewJob(id_, "t", BODY, opts=opts)))
        call = op.fire(
            self.keys,
            schedule=name,
            version=known.version + int(stale),
            cursor=known.cursor,
            next_cursor=str(self.world.tick + 1),
            look_at_ms=self.world.tick + 1,
            overlap=name.partition("/")[2],
            jobs=jobs,
        )
        words = self.rig.run(call)
        if stale or name not in self.world.schedules or known.paused or known.cursor == "end":
            assert words == ["STALE"]
            return
        assert words == ["OK", *(self.fired(name, known, job.id) for _, job in jobs)]
        known.cursor = str(self.world.tick + 1)
        if twice and jobs:
            assert self.rig.run(call) == ["STALE"]

    def fired(self, name: str, known: Known, id_: str) -> str:
        """What the script should do about one tick."""
        world, overlap = self.world, name.partition("/")[2]
        if known.held and known.held not in world.before:
            known.last = known.held if known.held in world.alive else known.last
            known.held = ""
        busy = overlap != "allow" and (known.held or known.last in world.alive)
        if busy and (overlap == "skip" or known.held):
            known.skipped += 1
            return "SKIPPED"
        known.fired += 1
        world.made += 1
        world.alive[id_] = ""
        if busy:
            known.held = id_
            world.before[id_] = known.last
            return "HELD"
        known.last = id_
        return "OK"

    @step(3)
    def watch(self) -> None:
        self.rig.run(op.watch(self.keys, look_ms=2_000))
        for held, before in list(self.world.before.items()):
            if before not in self.world.alive:
                del self.world.before[held]

    # --- their jobs -------------------------------------------------------------------------

    @step(4, limit=st.integers(1, 3))
    def promote_and_claim(self, limit: int) -> None:
        self.rig.run(op.promote(self.keys, limit=200))
        self.tokens += 1
        for id_ in self.rig.claimed(f"T{self.tokens}", limit):
            assert id_ not in self.world.before, "what is held back doesn't run"
            self.world.alive[id_] = f"T{self.tokens}"

    @step(
        6,
        when=lambda self: any(self.world.alive.values()),
        how=st.sampled_from(["ack", "bury", "retry", "release", "crash"]),
    )
    def settle(self, data: st.DataObject, how: str) -> None:
        running = sorted(id_ for id_, token in self.world.alive.items() if token)
        id_ = data.draw(st.sampled_from(running))
        token = self.world.alive[id_]
        if id_ in self.world.asked and how != "ack":  # whatever becomes of its run, it was its last
            self.run_ends(id_, token, how)
            self.end(id_)
        elif how in {"retry", "release", "crash"}:
            words = self.run_ends(id_, token, how)
            self.world.alive[id_] = ""
            if words == ["POISON"]:
                self.end(id_, dead=True)
        else:
            assert self.run_ends(id_, token, how) == ["OK"]
            self.end(id_, dead=how == "bury")

    def run_ends(self, id_: str, token: str, how: str) -> list[str]:
        rig = self.rig
        if how == "retry":
            return rig.retry(id_, token=token, delay_ms=0)
        if how in {"release", "crash"}:
            return rig.release(id_, token=token, crashed=how == "crash")
        return (rig.ack if how == "ack" else rig.bury)(id_, token=token)

    @step(2, when=lambda self: bool(self.world.alive))
    def cancel(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.world.alive)))
        [word] = self.rig.run(op.cancel(self.keys, ids=[id_], result_ttl_ms=HOUR_MS))
        assert word == ("ASKED" if self.world.alive[id_] else "OK")
        if word == "ASKED":
            self.world.asked.add(id_)
        else:
            self.end(id_)
            self.world.before.pop(id_, None)

    @step(2, when=lambda self: bool(self.world.dead))
    def revive(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.world.dead)))
        assert self.rig.run(op.revive(self.keys, ids=[id_])) == ["OK"]
        self.world.dead.remove(id_)
        self.world.alive[id_] = ""

    def end(self, id_: str, *, dead: bool = False) -> None:
        del self.world.alive[id_]
        self.world.asked.discard(id_)
        if dead:
            self.world.dead.add(id_)

    # --- what holds always ------------------------------------------------------------------

    @invariant()
    def the_audit_is_clean(self) -> None:
        """A part of its rules after each step, in turn, and all of them after the last one."""
        self.looked += 1
        self.audit(op.STRUCTURES[self.looked % PARTS :: PARTS])

    def audit(self, structures: Sequence[str]) -> None:
        assert violations(self.rig, structures) == []

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.audit(op.STRUCTURES)

    @invariant()
    def the_state_is_the_models(self) -> None:
        table = self.rig.run(op.timetable(self.keys)).entries
        seen = {entry.schedule.name: entry.schedule.state for entry in table}
        assert {
            name: (state.version, state.cursor, state.paused, state.fired, state.skipped)
            for name, state in seen.items()
        } == {
            name: (it.version, it.cursor, it.paused, it.fired, it.skipped)
            for name, it in self.world.schedules.items()
        }
        pipe = self.rig.admin.pipeline(transaction=False)
        pipe.hget(self.keys.key("counts"), "enqueued")
        pipe.zrange(self.keys.key("scheduled"), HELD, HELD, byscore=True)
        made, held = pipe.execute()
        assert int(made or 0) == self.world.made
        assert {id_.decode() for id_ in held} == set(self.world.before)


@pytest.mark.slow
@pytest.mark.no_audit("ends anywhere; the machine audits after each step")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("any_server", sorted(EXAMPLES), indirect=True)
def test_schedules_do_what_the_model_does(any_server: Server) -> None:
    class OnServer(Schedules):
        server = any_server

    size = hypothesis.settings(SETTINGS, max_examples=EXAMPLES[any_server.flavour])
    run_state_machine_as_test(OnServer, settings=size)
