"""All scripts against a model, in any order that Hypothesis can think of; audited after each step."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from streamq import operations as op
from streamq.operations import Call, Idempotency, NewJob, ProducerGap
from tests.lua.rig import BODY, HOUR_MS, LEASE_MS, Rig
from tests.model.compare import differences
from tests.model.model import Item, Model, Spec
from tests.servers import Server

CI = hypothesis.settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    print_blob=True,
)
SOAK = hypothesis.settings(CI, max_examples=3000, stateful_step_count=100)
SETTINGS = SOAK if os.environ.get("STREAMQ_MODEL") == "soak" else CI

WORKERS = st.sampled_from(["w1", "w2"])
CHANNELS = st.sampled_from(["sq:streamq:reply:1", "sq:streamq:reply:11"])
PENDING_RULES = ("an entry is pending unless its job waits", "pending = running + returned + stranded")
NO_GAP_MS = 10**12


class Queue(RuleBasedStateMachine):
    """One queue; every answer and the whole state are compared with the model's."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.rig = Rig(server)
        self.keys = self.rig.keys
        for key in self.rig.admin.scan_iter(match=self.keys.key("*"), count=1000):
            self.rig.admin.delete(key)
        self.model = Model()
        self.numbers: dict[str, int] = {}
        self.settled: dict[str, Call[Any]] = {}  # worker -> its last settling call
        self.old: list[Call[Any]] = []  # settling calls before those
        self.produced: dict[str, list[Call[Any]]] = {}  # producer -> its calls
        self.ids: list[str] = []  # all there ever were
        self.pubsub = self.rig.admin.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self.pubsub.psubscribe("sq:*")
        self.pubsub.get_message(timeout=1)

    def teardown(self) -> None:
        self.pubsub.close()

    def number(self, what: str) -> int:
        self.numbers[what] = self.numbers.get(what, 0) + 1
        return self.numbers[what]

    # --- choosing -------------------------------------------------------------------------------

    def some_ids(self, data: st.DataObject, *places: str) -> list[str]:
        """Jobs in these places mostly, any other now and then."""
        there = [job.id for place in places for job in self.model.in_place(place)]
        strange = [*self.ids[-6:], "nobody"]
        return data.draw(st.lists(st.sampled_from(there * 4 + strange), min_size=1, max_size=4))

    def some_items(self, data: st.DataObject) -> list[Item]:
        """Jobs that run, with their token mostly; each with its own way to end."""
        running = [(job.id, job.word) for job in self.model.in_place("R")]
        tokens = [*self.model.claims, "never"]
        strange = [(i, token) for i in [*self.ids[-3:], "nobody"] for token in tokens[-3:]]
        pairs = st.sampled_from(running * 6 + strange)
        items = [
            Item(id_, token, *data.draw(st.tuples(st.booleans(), st.booleans(), st.booleans())))
            for id_, token in data.draw(st.lists(pairs, min_size=1, max_size=4))
        ]
        # One job twice is done as its first item says; the second only has to be ALREADY.
        return items

    # --- enqueueing -----------------------------------------------------------------------------

    @rule(data=st.data(), producer=st.sampled_from(["p1", "p2"]), size=st.integers(1, 4))
    def enqueue(self, data: st.DataObject, producer: str, size: int) -> None:
        specs = []
        for _ in range(size):
            id_ = f"j{self.number('job')}"
            if self.model.jobs and data.draw(st.integers(0, 9)) == 0:
                id_ = data.draw(st.sampled_from(sorted(self.model.jobs)))
            when = data.draw(st.sampled_from(["now", "now", "past", "later"]))
            due = self.number("due") + {"now": 0, "past": 10, "later": 4 * 10**12}[when]
            specs.append(
                Spec(
                    id_,
                    data.draw(st.sampled_from(["t", "t.u"])),
                    None if when == "now" else due,
                    data.draw(st.integers(0, 7)) == 0,
                    data.draw(st.sampled_from([None, None, 0, 1, 2])),
                    data.draw(st.sampled_from([None, None, None, ("k1", "x"), ("k1", "y"), ("k2", "x")])),
                )
            )
        jobs = [self.new_job(spec) for spec in specs]
        counter = self.number(producer)
        call = op.enqueue(self.keys, producer=producer, counter=counter, jobs=jobs)
        self.produced.setdefault(producer, []).append(call)
        self.ids += [spec.id for spec in specs if spec.id not in self.ids]
        assert [answer.word for answer in self.rig.run(call)] == self.model.enqueue(specs)

    @staticmethod
    def new_job(spec: Spec) -> NewJob:
        return NewJob(
            spec.id,
            spec.task,
            BODY,
            due="0" if spec.due is None else f"@{spec.due:.0f}",
            expires="@5" if spec.late else "+3600000",
            opts="-" if spec.bound is None else f"c={spec.bound}",
            idempotency=Idempotency(*spec.idem, HOUR_MS) if spec.idem else None,
        )

    @precondition(lambda self: self.produced)
    @rule(data=st.data())
    def enqueue_again(self, data: st.DataObject) -> None:
        calls = self.produced[data.draw(st.sampled_from(sorted(self.produced)))]
        call = data.draw(st.sampled_from(calls[-3:]))
        if call is calls[-1]:
            assert not {answer.word for answer in self.rig.run(call)} & {"OK"}
        else:
            with pytest.raises(ProducerGap):
                self.rig.run(call)

    # --- claiming -------------------------------------------------------------------------------

    @rule(worker=WORKERS, limit=st.integers(1, 5), named=st.sampled_from([(), ("t",), ("t.u", "t")]))
    def claim(self, worker: str, limit: int, named: tuple[str, ...]) -> None:
        self.claim_as(f"T{self.number('token')}", worker, limit, named)

    def claim_as(self, token: str, worker: str, limit: int, named: tuple[str, ...]) -> None:
        expired = self.model.counts["expired"]
        claimed = self.rig.claim(token, limit, worker=worker, tasks=named)
        ids = self.model.claim(token, worker, limit, named)
        seen = [(job.id, job.attempt, job.crashes) for job in claimed.jobs]
        jobs = [self.model.jobs[i] for i in ids]
        assert seen == [(job.id, job.attempt, job.crashes) for job in jobs]
        assert claimed.expired == self.model.counts["expired"] - expired
        assert claimed.stranded == bool(self.model.in_place("N"))

    @precondition(lambda self: self.model.claims)
    @rule(data=st.data(), worker=WORKERS)
    def claim_again(self, data: st.DataObject, worker: str) -> None:
        self.claim_as(data.draw(st.sampled_from(sorted(self.model.claims))), worker, 3, ("t",))

    # --- settling -------------------------------------------------------------------------------

    @rule(data=st.data(), worker=WORKERS, verb=st.sampled_from(["ack", "retry", "bury", "release", "strand"]))
    def settle(self, data: st.DataObject, worker: str, verb: str) -> None:
        items = self.some_items(data)
        call = self.settling(verb, worker, items, retry_ms=data.draw(st.sampled_from([0, HOUR_MS])))
        if worker in self.settled:
            self.old.append(self.settled[worker])
        self.settled[worker] = call
        words = self.rig.run(call)
        assert (words[1] if verb == "bury" else words) == self.model.settle(verb, items)
        for job in self.model.in_place("S"):
            if job.word:
                score = self.rig.admin.zscore(self.keys.key("scheduled"), job.id)
                assert score is not None
                job.due = float(score)  # type: ignore[arg-type]

    def settling(self, verb: str, worker: str, items: list[Item], retry_ms: int) -> Call[Any]:
        task = {i.id: self.model.jobs[i.id].task for i in items if i.id in self.model.jobs}
        make: dict[str, Callable[[Item], Any]] = {
            "ack": lambda i: op.Ack(i.id, i.token, task.get(i.id, "t"), "ok", 1, HOUR_MS, b"v"),
            "retry": lambda i: op.Again(i.id, i.token, retry_ms, i.counted, b"e" if i.error else b""),
            "bury": lambda i: op.Burial(i.id, i.token, task.get(i.id, "t"), "failed", 1, b"e"),
            "release": lambda i: op.HandBack(i.id, i.token, i.crashed),
            "strand": lambda i: op.Stray(i.id, i.token, task.get(i.id, "t")),
        }
        describe: Callable[..., Call[Any]] = getattr(op, verb)
        jobs = [make[verb](item) for item in items]
        return describe(self.keys, worker=worker, seq=self.number(worker + " seq"), jobs=jobs)

    @precondition(lambda self: self.settled)
    @rule(data=st.data())
    def settle_again(self, data: st.DataObject) -> None:
        call = self.settled[data.draw(st.sampled_from(sorted(self.settled)))]
        words = self.rig.run(call)
        assert "OK" not in (words[1] if isinstance(words, tuple) else words)

    @precondition(lambda self: self.old)
    @rule(data=st.data())
    def settle_long_ago(self, data: st.DataObject) -> None:
        """A call that went round the world: its tokens hold nothing any more."""
        worker_words = self.rig.run(data.draw(st.sampled_from(self.old[-5:])))
        words = worker_words[1] if isinstance(worker_words, tuple) else worker_words
        assert set(words) <= {"LEASELOST"}
        self.settled.clear()  # the worker's last reply is now that one

    @rule(data=st.data())
    def report_progress(self, data: st.DataObject) -> None:
        items = self.some_items(data)
        text = f"{self.number('progress')}"
        jobs = [(item.id, item.token, text.encode()) for item in items]
        mine = [self.model._runs(item.id, item.token) for item in items]
        words = self.rig.run(op.progress(self.keys, jobs=jobs))
        assert [word != "LEASELOST" for word in words] == mine
        self.model.progress |= {i.id: text for i, held in zip(items, mine, strict=True) if held}

    # --- leases and workers ---------------------------------------------------------------------

    @rule(data=st.data(), worker=WORKERS)
    def extend(self, data: st.DataObject, worker: str) -> None:
        known = [*self.model.claims, "never"]
        tokens = data.draw(st.lists(st.sampled_from(known), max_size=3, unique=True))
        words = self.rig.run(
            op.extend(self.keys, worker=worker, alive_ms=LEASE_MS, lease_ms=LEASE_MS, tokens=tokens)
        )
        assert words == ["OK" if token in self.model.claims else "LEASELOST" for token in tokens]
        self.model.lapsed -= set(tokens)
        self.model.alive[worker] = True

    @precondition(lambda self: self.model.claims)
    @rule(data=st.data())
    def lapse(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.model.claims)))
        self.rig.lapse(token)
        self.model.lapsed.add(token)

    @rule(worker=WORKERS)
    def worker_dies(self, worker: str) -> None:
        self.rig.worker_is(worker, alive=False)
        self.model.alive[worker] = False
        for token, (owner, _) in self.model.claims.items():
            if owner == worker:
                self.rig.lapse(token)
                self.model.lapsed.add(token)

    @rule(worker=WORKERS, bound=st.sampled_from([0, 1, 2]), task=st.sampled_from(["t", "t.u"]))
    def register(self, worker: str, bound: int, task: str) -> None:
        tasks = {task: f'{{"max_crashes": {bound}}}'}
        self.rig.run(
            op.register(self.keys, worker=worker, alive_ms=LEASE_MS, info="{}", tasks=tasks)
        )
        self.model.alive[worker] = True
        self.model.policy[task] = bound

    @rule(worker=WORKERS)
    def unregister(self, worker: str) -> None:
        known = self.rig.run(op.unregister(self.keys, worker=worker))
        assert known == (self.model.alive.pop(worker, None) is not None)
        if worker in self.settled:  # its last reply is forgotten
            self.old.append(self.settled.pop(worker))

    @rule()
    def reclaim(self) -> None:
        call = op.reclaim(self.keys, lease_ms=LEASE_MS, gap_ms=NO_GAP_MS)
        reclaimed = self.rig.run(call)
        assert (reclaimed.returned, reclaimed.poisoned) == self.model.reclaim()

    @rule()
    def reclaim_after_a_gap(self) -> None:
        rhythm = self.keys.key("rhythm")
        self.rig.admin.hset(rhythm, "last", 1)
        assert self.rig.reclaim().jobs == []
        assert self.rig.reclaim().jobs == []
        self.rig.admin.delete(rhythm)

    # --- the rest -------------------------------------------------------------------------------

    @rule(limit=st.integers(1, 5))
    def promote(self, limit: int) -> None:
        now = self.rig.now_ms() + 60_000  # whatever was due "now" is by the time it is asked
        moved = self.rig.run(op.promote(self.keys, limit=limit)).moved
        assert moved == self.model.promote(now, limit)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        ids = self.some_ids(data, "W", "S", "B", "N")
        words = self.rig.run(op.cancel(self.keys, ids=ids, result_ttl_ms=HOUR_MS))
        assert words == self.model.cancel(ids)

    @rule(data=st.data(), verb=st.sampled_from(["revive", "revive", "delete"]))
    def steer_dead(self, data: st.DataObject, verb: str) -> None:
        ids = self.some_ids(data, "D")
        describe = op.revive if verb == "revive" else op.delete
        assert self.rig.run(describe(self.keys, ids=ids)) == self.model.steer_dead(verb, ids)

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from([*self.ids[-6:], "nobody"]), min_size=1, max_size=3))
        known = {id_ for id_ in ids if self.model.results.pop(id_, None)}
        assert self.rig.run(op.forget(self.keys, ids=ids)) == len(known)

    @rule(data=st.data(), channel=CHANNELS)
    def wait(self, data: st.DataObject, channel: str) -> None:
        ids = self.some_ids(data, "W", "S", "R", "D")
        assert self.rig.wait(*ids, channel=channel) == self.model.wait(channel, ids)

    @rule(old_dead=st.booleans())
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
        self.model.counts["evicted"] += len(dead)

    @rule()
    def lose_the_scripts(self) -> None:
        self.rig.admin.script_flush()

    @precondition(lambda self: self.model.stream)
    @rule()
    def lose_the_group(self) -> None:
        self.rig.lose_group()
        self.model.lose_group()

    # --- what holds always ----------------------------------------------------------------------

    @invariant()
    def the_audit_is_clean(self) -> None:
        found = [v for v in self.rig.violations() if self.model.healed or v.rule not in PENDING_RULES]
        assert found == []

    @invariant()
    def the_whole_state_is_the_models(self) -> None:
        assert differences(self.rig.snapshot(), self.model) == {}

    @invariant()
    def who_waits_is_told_once(self) -> None:
        expected, self.model.told = self.model.told, []
        told = []
        for _ in expected:
            message = self.pubsub.get_message(timeout=1)
            assert message is not None, f"never told: {expected}"
            id_, outcome = op.parse_message(message["data"])
            assert outcome is not None
            told.append((message["channel"].decode(), id_, outcome.kind))
        assert sorted(told) == sorted(expected)
        assert self.pubsub.get_message(timeout=0) is None


@pytest.mark.slow
@pytest.mark.no_audit("ends anywhere; the machine audits after each step")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("any_server", ["valkey9", "redis70"], indirect=True)
def test_the_scripts_do_what_the_model_does(any_server: Server) -> None:
    run_state_machine_as_test(lambda: Queue(any_server), settings=SETTINGS)  # type: ignore[no-untyped-call]
    assert isinstance(any_server.admin, redis.Redis)
