"""All scripts against a model, in any order Hypothesis thinks of; audited after each step.

Lanes, limits of rates and of concurrency, priorities, pauses, unique keys, debounced calls and
budgets are all in it; hours pass where a step says so. With the schedules' model it is 500 examples
of 40 steps; `make soak ROW=model` goes on for 500,000 steps.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    run_state_machine_as_test,
)

from streamq import operations as op
from streamq.operations import ProducerGap
from tests.lua.rig import HOUR_MS, LEASE_MS
from tests.model.adapted import adapted_scripts
from tests.model.compare import differences, learn_places
from tests.model.line_steps import LineSteps
from tests.model.looking import look, violations
from tests.model.reading_steps import ReadingSteps
from tests.model.steps import step
from tests.servers import Server

EXAMPLES = {"valkey9": 240, "redis70": 160}
SETTINGS = hypothesis.settings(
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    print_blob=True,
)

WORKERS = st.sampled_from(["w1", "w2"])
CHANNELS = st.sampled_from(["sq:streamq:reply:1", "sq:streamq:reply:11"])
PENDING_RULES = (
    "an entry is pending unless its job waits",
    "pending + pumped = running + returned + stranded",
)
PRODUCERS = st.sampled_from(["p1", "p2"])
NO_GAP_MS = 10**12
PARTS = 6  # of the audit

NAMED = st.sampled_from([(), ("t",), ("t.u", "t")])
RUNS = lambda self: bool(self.model.in_place("R"))  # noqa: E731
WAITS = lambda self: any(map(self.model.in_place, "WBPN"))  # noqa: E731


class Queue(ReadingSteps, LineSteps):
    """One queue; every answer and the whole state are compared with the model's."""

    # --- enqueueing -----------------------------------------------------------------------------

    @step(3, producer=PRODUCERS, size=st.integers(1, 4))
    def enqueue_now(self, data: st.DataObject, producer: str, size: int) -> None:
        self.enqueue(data, producer, *["now"] * size)

    @step(
        2,
        producer=PRODUCERS,
        whens=st.lists(st.sampled_from(["now", "past", "later"]), min_size=1, max_size=4),
    )
    def enqueue_whenever(self, data: st.DataObject, producer: str, whens: list[str]) -> None:
        self.enqueue(data, producer, *whens)

    @step(when=lambda self: bool(self.produced))
    def enqueue_again(self, data: st.DataObject) -> None:
        calls = self.produced[data.draw(st.sampled_from(sorted(self.produced)))]
        call = data.draw(st.sampled_from(calls[-3:]))
        if call is calls[-1]:
            assert not {answer.word for answer in self.rig.run(call)} & {"OK"}
        else:
            with pytest.raises(ProducerGap):
                self.rig.run(call)

    # --- claiming -------------------------------------------------------------------------------

    @step(9, when=WAITS, worker=WORKERS, limit=st.integers(1, 5), named=NAMED)
    def claim(self, worker: str, limit: int, named: tuple[str, ...]) -> None:
        self.claim_as(f"T{self.number('token')}", worker, limit, named)

    @step(worker=WORKERS)
    def claim_of_what_there_is(self, worker: str) -> None:
        self.claim_as(f"T{self.number('token')}", worker, 3, ())

    @step(2, when=lambda self: bool(self.model.claims), worker=WORKERS)
    def claim_again(self, data: st.DataObject, worker: str) -> None:
        self.claim_as(data.draw(st.sampled_from(sorted(self.model.claims))), worker, 3, ("t",))

    # --- settling -------------------------------------------------------------------------------

    @step(6, when=RUNS, worker=WORKERS)
    def ack(self, data: st.DataObject, worker: str) -> None:
        self.settle("ack", data, worker)

    @step(4, when=RUNS, worker=WORKERS)
    def retry(self, data: st.DataObject, worker: str) -> None:
        self.settle("retry", data, worker)

    @step(4, when=RUNS, worker=WORKERS)
    def bury(self, data: st.DataObject, worker: str) -> None:
        self.settle("bury", data, worker)

    @step(4, when=RUNS, worker=WORKERS)
    def release(self, data: st.DataObject, worker: str) -> None:
        self.settle("release", data, worker)

    @step(3, when=RUNS, worker=WORKERS)
    def strand(self, data: st.DataObject, worker: str) -> None:
        self.settle("strand", data, worker)

    @step(when=lambda self: bool(self.settled))
    def settle_again(self, data: st.DataObject) -> None:
        call, words = self.settled[data.draw(st.sampled_from(sorted(self.settled)))]
        reply = self.rig.run(call)
        again = reply[1] if isinstance(reply, tuple) else reply
        assert again == ["ALREADY" if word == "OK" else word for word in words]

    @step(2, when=lambda self: bool(self.old))
    def settle_long_ago(self, data: st.DataObject) -> None:
        """A call that went round the world: its tokens hold nothing any more."""
        worker_words = self.rig.run(data.draw(st.sampled_from(self.old[-5:])))
        words = worker_words[1] if isinstance(worker_words, tuple) else worker_words
        assert set(words) <= {"LEASELOST"}

    @step(4, when=RUNS)
    def report(self, data: st.DataObject) -> None:
        items = self.some_items(data)
        what = data.draw(st.sampled_from(["progress", "checkpoint", "append"]))
        number = self.number("said")
        words = self.rig.run(self.saying(what, items, number))
        held = [self.model._runs(item.id, item.token) for item in items]
        assert [word != "LEASELOST" for word in words] == held
        ids = [item.id for item, word in zip(items, words, strict=True) if word == "OK"]
        self.model.report(what, ids, f"{number}")

    @step(kind=st.sampled_from(["ok", "failed"]))
    def deposit(self, data: st.DataObject, kind: str) -> None:
        known = [*self.model.results, *self.model.jobs]
        id_ = data.draw(st.sampled_from([f"j{self.number('job')}", *sorted(known)[:2]]))
        outcome = op.Outcome(kind, 0, 1, 1, "t", b"v")
        call = op.deposit(self.keys, id=id_, outcome=outcome, ttl_ms=HOUR_MS)
        assert self.rig.run(call) == ("ALREADY" if id_ in known else "OK")
        self.model.deposit(id_, kind)

    # --- leases and workers ---------------------------------------------------------------------

    @step(2, when=lambda self: bool(self.model.claims), worker=WORKERS)
    def extend(self, data: st.DataObject, worker: str) -> None:
        known = [*self.model.claims, "never"]
        tokens = data.draw(st.lists(st.sampled_from(known), max_size=3, unique=True))
        words = self.rig.run(
            op.extend(self.keys, worker=worker, alive_ms=LEASE_MS, lease_ms=LEASE_MS, tokens=tokens)
        )
        assert words == ["OK" if token in self.model.claims else "LEASELOST" for token in tokens]
        self.model.lapsed -= set(tokens)
        self.model.alive[worker] = True

    @step(4, when=lambda self: bool(self.model.claims))
    def lapse(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.model.claims)))
        self.rig.lapse(token)
        self.model.lapsed.add(token)

    @step(worker=WORKERS)
    def worker_dies(self, worker: str) -> None:
        self.rig.worker_is(worker, alive=False)
        self.model.alive[worker] = False
        for token, (owner, _) in self.model.claims.items():
            if owner == worker:
                self.rig.lapse(token)
                self.model.lapsed.add(token)

    @step(worker=WORKERS, bound=st.sampled_from([0, 1, 2]), task=st.sampled_from(["t", "t.u"]))
    def register(self, worker: str, bound: int, task: str) -> None:
        tasks = {task: f'{{"max_crashes": {bound}}}'}
        self.rig.run(
            op.register(self.keys, worker=worker, alive_ms=LEASE_MS, info="{}", tasks=tasks)
        )
        self.model.alive[worker] = True
        self.model.policy[task] = bound

    @step(worker=WORKERS)
    def unregister(self, worker: str) -> None:
        known = self.rig.run(op.unregister(self.keys, worker=worker))
        assert known == (self.model.alive.pop(worker, None) is not None)
        self.model.orders.pop(worker, None)
        if worker in self.settled:  # its last reply is forgotten
            self.old.append(self.settled.pop(worker)[0])

    @step(25, when=lambda self: bool(self.model.lapsed))
    def reclaim(self) -> None:
        call = op.reclaim(self.keys, lease_ms=LEASE_MS, gap_ms=NO_GAP_MS)
        reclaimed = self.rig.run(call)
        seen = (reclaimed.returned, reclaimed.poisoned, reclaimed.cancelled)
        assert seen == self.model.reclaim()

    @step(4, when=lambda self: bool(self.model.lapsed))
    def reclaim_after_a_gap(self) -> None:
        rhythm = self.keys.key("rhythm")
        self.rig.admin.hset(rhythm, "last", 1)
        assert self.rig.reclaim().jobs == []
        assert self.rig.reclaim().jobs == []
        self.rig.admin.delete(rhythm)

    # --- the rest -------------------------------------------------------------------------------

    @step(3, when=lambda self: bool(self.model.in_place("S")), limit=st.integers(1, 5))
    def promote(self, limit: int) -> None:
        now = self.rig.now_ms() + 60_000  # whatever was due "now" is by the time it is asked
        moved = self.rig.run(op.promote(self.keys, limit=limit)).moved
        assert moved == self.model.promote(now, limit)

    @step(
        2,
        when=lambda self: bool(self.model.jobs),
        places=st.sampled_from([("W", "S", "B", "N", "H", "P"), ("R",)]),
        is_told=st.booleans(),
    )
    def cancel(self, data: st.DataObject, places: tuple[str, ...], is_told: bool) -> None:
        ids = self.some_ids(data, *places)
        words = self.rig.cancel(*ids, tell=is_told)
        assert words == self.model.cancel(ids, is_told=is_told)

    @step(
        4,
        when=lambda self: bool(self.model.in_place("D")),
        verb=st.sampled_from(["revive", "delete"]),
    )
    def steer_dead(self, data: st.DataObject, verb: str) -> None:
        ids = self.some_ids(data, "D")
        describe = op.revive if verb == "revive" else op.delete
        assert self.rig.run(describe(self.keys, ids=ids)) == self.model.steer_dead(verb, ids)

    @step(when=lambda self: bool(self.model.results))
    def forget(self, data: st.DataObject) -> None:
        ids = data.draw(
            st.lists(st.sampled_from([*self.ids[-6:], "nobody"]), min_size=1, max_size=3)
        )
        known = {id_ for id_ in ids if self.model.results.pop(id_, None)}
        for id_ in known:
            self.model.trails.pop(id_, None)
        assert self.rig.run(op.forget(self.keys, ids=ids)) == len(known)

    @step(when=lambda self: bool(self.model.jobs), channel=CHANNELS)
    def wait(self, data: st.DataObject, channel: str) -> None:
        ids = self.some_ids(data, "W", "S", "R", "D", "P")
        assert self.rig.wait(*ids, channel=channel) == self.model.wait(channel, ids)

    @step(
        when=lambda self: bool(self.model.results or self.model.in_place("D")),
        old_dead=st.booleans(),
    )
    def sweep(self, old_dead: bool) -> None:
        ended = sorted(self.model.results)[::2]
        dead = [job.id for job in self.model.in_place("D")][: int(old_dead)]
        for key, ids in (("results_expiry", ended), ("dead", dead)):
            if ids:
                self.rig.admin.zadd(self.keys.key(key), dict.fromkeys(ids, 1))
        swept = self.rig.run(op.sweep(self.keys))
        assert (swept.results, swept.dead, swept.workers) == (len(ended), len(dead), 0)
        for id_ in ended:
            del self.model.results[id_]
        for id_ in dead:
            del self.model.jobs[id_]
            self.model.errors.discard(id_)
            self.model.checkpoints.pop(id_, None)
        self.model.counts["evicted"] += len(dead)

    @step()
    def lose_the_scripts(self) -> None:
        self.rig.admin.script_flush()

    @step(when=lambda self: bool(self.model.stream))
    def lose_the_group(self) -> None:
        self.rig.lose_group()
        self.model.lose_group()

    # --- what holds always ----------------------------------------------------------------------

    @invariant()
    def the_audit_is_clean_and_the_whole_state_is_the_models(self) -> None:
        """A part of the audit after each step, in turn, and all of it after the last one."""
        part = self.number("audit") % PARTS
        found, seen = look(self.rig, op.STRUCTURES[part::PARTS], self.model.trails)
        self.accept(found)
        learn_places(seen, self.model)
        different = differences(seen, self.model)
        assert different == {}, different

    def accept(self, found: list[op.Violation]) -> None:
        assert [v for v in found if self.model.healed or v.rule not in PENDING_RULES] == []

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:  # else that is the news
            self.accept(violations(self.rig, op.STRUCTURES, self.model.trails))
        super().teardown()

    @invariant()
    def who_waits_is_told_once(self) -> None:
        expected, self.model.told = self.model.told, []
        told = []
        for _ in expected:
            message = self.pubsub.get_message(timeout=1)
            assert message is not None, f"never told: {expected}"
            id_, outcome = op.parse_message(message["data"])
            told.append((message["channel"].decode(), id_, outcome.kind if outcome else "news"))
        assert sorted(told) == sorted(expected)
        assert self.pubsub.get_message(timeout=0) is None


@pytest.fixture
def adapted() -> Iterator[None]:
    with adapted_scripts():
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("adapted")
@pytest.mark.no_audit("ends anywhere; the machine audits after each step")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("any_server", sorted(EXAMPLES), indirect=True)
def test_the_scripts_do_what_the_model_does(any_server: Server) -> None:
    class OnServer(Queue):
        def __init__(self) -> None:
            super().__init__(any_server)

    size = hypothesis.settings(SETTINGS, max_examples=EXAMPLES[any_server.flavour])
    run_state_machine_as_test(OnServer, settings=size)
