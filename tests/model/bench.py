"""One queue beside its model, and the steps that go on both; which and when is chosen elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from streamq import operations as op
from streamq.errors import QueueFull
from streamq.operations import Call, Idempotency, NewJob
from streamq.operations.call import Value
from tests.lua.rig import BODY, HOUR_MS, LEASE_MS, Rig
from tests.model.jobs import Hold, Item, Job, Key, Quiet, Spec
from tests.model.lining import HOUR_US, Brought
from tests.model.model import Model
from tests.model.steps import Stepping
from tests.servers import Server

SLOW_MS = 60_000  # no step takes so long
_LETTERS = st.sampled_from(["swr", "swr", "swr", "sw", "s", "wr", "r"])
_MODES = st.sampled_from(["return", "replace", "raise", "queue_one", "queue_one"])
KEYS = {  # of each task its own, as a digest covers the task's name
    task: st.one_of(st.none(), *[st.builds(Key, st.sampled_from(digests), _LETTERS, _MODES)] * 4)
    for task, digests in {"t": ["a1", "a2"], "t.u": ["b1", "b2"]}.items()
}
_LIMITS = ["cc1=1", "cc2!a=2", f"rr1={HOUR_US}=1", f"rr2!a={HOUR_US}=3=2"]
HOLDS = st.one_of(
    *[st.none()] * 3,
    *[
        st.builds(
            lambda lane, limits, priority: Hold(
                lane, tuple(sorted({*limits, *["ob"] * (lane == "b")})), priority
            ),
            st.sampled_from(["", "", "a", "b"]),
            st.lists(st.sampled_from(_LIMITS), max_size=2, unique=True),
            st.sampled_from([4, 4, 4, 0, 9]),
        )
    ]
    * 3,
)
QUIET = st.sampled_from(
    [None, None, None, Quiet(1, 9), Quiet(HOUR_MS, HOUR_MS // 2), Quiet(HOUR_MS, 3 * HOUR_MS)]
)
_MOST = st.one_of(st.none(), *[st.integers(2, 12)] * 2)
IDEMPOTENCY = st.sampled_from([None, None, None, ("k1", "x"), ("k1", "y"), ("k2", "x")])


def _place(entry: bytes) -> tuple[int, ...]:
    return tuple(map(int, entry.split(b"-")))


class Bench(Stepping):
    """A queue and its model, with what both have seen."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.rig = Rig(server)
        self.keys = self.rig.keys
        if left := list(self.rig.admin.scan_iter(match=self.keys.key("*"), count=1000)):
            self.rig.admin.delete(*left)
        self.model = Model()
        self.numbers: dict[str, int] = {}
        self.settled: dict[
            str, tuple[Call[Any], list[str]]
        ] = {}  # worker -> its last one, answered
        self.old: list[Call[Any]] = []  # settling calls before those
        self.produced: dict[str, list[Call[Any]]] = {}  # producer -> its calls
        self.relayed: dict[str, list[tuple[int, Spec]]] = {}  # source -> what it last brought
        self.ids: list[str] = []  # all there ever were
        self.pubsub = self.rig.admin.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self.pubsub.psubscribe("sq:*")
        self.pubsub.get_message(timeout=1)

    def begin(self) -> None:
        self.model.now = time.time() * 1000

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

    def some_job(self, data: st.DataObject, when: str) -> Spec:
        """A new one, due now, in the past or later."""
        due = self.number("due") + {"now": 0, "past": 10, "later": 4 * 10**12}[when]
        return Spec(
            f"j{self.number('job')}",
            data.draw(st.sampled_from(["t", "t.u"])),
            None if when == "now" else due,
            data.draw(st.integers(0, 7)) == 0,
            data.draw(st.sampled_from([None, None, 0, 1, 2])),
            hold=data.draw(HOLDS),
        )

    def some_follow_ups(self, data: st.DataObject, items: list[Item]) -> None:
        """Gives some items jobs that follow from them, here or in another queue."""
        kinds = st.tuples(st.sampled_from(["", "other"]), st.sampled_from(["now", "later"]))
        for item in items:
            if data.draw(st.integers(0, 2)) == 0:
                for queue, when in data.draw(st.lists(kinds, min_size=1, max_size=2)):
                    spec = self.some_job(data, when)
                    if data.draw(st.booleans()):
                        spec.key, spec.bytes = data.draw(KEYS[spec.task]), len(BODY)
                    item.follow.append((queue, spec))

    def some_items(self, data: st.DataObject) -> list[Item]:
        """Jobs that run, with their token mostly; each with its own way to end."""
        running = [
            (job.id, job.word)
            for job in self.model.in_place("R")
            for _ in range(4 if job.asked else 1)
        ]
        tokens = [*self.model.claims, "never"]
        strange = [(i, token) for i in [*self.ids[-3:], "nobody"] for token in tokens[-3:]]
        pairs = st.sampled_from(running * 6 + strange)
        return [
            Item(id_, token, *data.draw(st.tuples(st.booleans(), st.booleans(), st.booleans())))
            for id_, token in data.draw(st.lists(pairs, min_size=1, max_size=4))
        ]

    def enqueue(self, data: st.DataObject, producer: str, *whens: str) -> None:
        specs = []
        for when in whens:
            spec = self.some_job(data, when)
            if self.model.jobs and data.draw(st.integers(0, 9)) == 0:
                spec.id = data.draw(st.sampled_from(sorted(self.model.jobs)))
            spec.idem = data.draw(IDEMPOTENCY)
            specs.append(spec)
        if data.draw(st.integers(0, 2)) == 0:
            self.admit(data, producer, specs)
            return
        call = op.enqueue(
            self.keys,
            producer=producer,
            counter=self.number(producer),
            jobs=[self.new_job(spec) for spec in specs],
        )
        self.ids += [spec.id for spec in specs if spec.id not in self.ids]
        self.produced.setdefault(producer, []).append(call)
        assert [answer.word for answer in self.rig.run(call)] == self.model.enqueue(specs)

    def admit(self, data: st.DataObject, producer: str, specs: list[Spec]) -> None:
        """Calls with unique keys, into a queue that has a budget."""
        most = op.Budget(data.draw(_MOST), data.draw(st.sampled_from([None, 20, 10**9])))
        for spec in specs:
            spec.key = data.draw(KEYS[spec.task])
            spec.bytes = 0 if most.max_bytes is None else len(BODY)
            if spec.key and set("sw") <= set(spec.key.letters):
                spec.quiet = data.draw(QUIET)
            if spec.quiet:
                spec.due = self.model.now
        call = op.admit(
            self.keys,
            producer=producer,
            counter=self.number(producer),
            jobs=[self.new_job(spec) for spec in specs],
            budget=most,
        )
        words = self.model.sort_out(specs)
        new = [spec for spec, word in zip(specs, words, strict=True) if word == "OK"]
        full = self.model.too_much(new, most)
        if full:
            with pytest.raises(QueueFull) as caught:
                self.rig.run(call)
            assert (caught.value.budget, caught.value.used) == full
            self.numbers[producer] -= 1
            return
        self.ids += [spec.id for spec in specs if spec.id not in self.ids]
        self.produced.setdefault(producer, []).append(call)
        assert [answer.word for answer in self.rig.run(call)] == self.model.enqueue(specs)
        self.learn_dues()

    def follow(self, item: Item) -> list[Value]:
        most = {len(BODY): op.Budget(max_bytes=10**9), 0: None}
        jobs = [(queue, self.new_job(spec), most[spec.bytes]) for queue, spec in item.follow]
        return [part for queue, job, m in jobs for part in op.follow_up(queue, job, m)]

    @staticmethod
    def new_job(spec: Spec) -> NewJob:
        bound = [] if spec.bound is None else [f"c={spec.bound}"]
        held = [spec.hold.opts] if spec.hold else []
        waits = f",d={spec.quiet.quiet}:{spec.quiet.longest}" if spec.quiet else ""
        return NewJob(
            spec.id,
            spec.task,
            BODY,
            due="0" if spec.due is None else f"@{spec.due:.0f}",
            expires="@5" if spec.late else "+3600000",
            opts=",".join(bound + held) or "-",
            idempotency=Idempotency(*spec.idem, HOUR_MS) if spec.idem else None,
            unique=f"u={k.digest}:{k.letters}:{k.mode}{waits}" if (k := spec.key) else "",
        )

    def claim_as(self, token: str, worker: str, limit: int, named: tuple[str, ...]) -> None:
        expired = self.model.counts["expired"]
        if self.number("claim") % 2:  # whoever was woken has taken the marker
            self.rig.admin.delete(self.keys.key("wake"))
        claimed = self.rig.claim(token, limit, worker=worker, tasks=named)
        brought = Brought([job.id for job in claimed.jobs], *self.left())
        ids = self.model.claim(token, worker, limit, named, brought)
        seen = [(job.id, job.attempt, job.crashes) for job in claimed.jobs]
        jobs = [self.model.jobs[i] for i in ids]
        assert seen == [(job.id, job.attempt, job.crashes) for job in jobs]
        restored = {job.id: job.checkpoint.decode() for job in claimed.jobs if job.checkpoint}
        kept = self.model.checkpoints
        assert restored == {i: kept[i] for i in ids if i in kept}
        assert claimed.expired == self.model.counts["expired"] - expired
        assert claimed.stranded == bool(self.model.in_place("N"))

    def settle(self, verb: str, data: st.DataObject, worker: str) -> None:
        items = self.some_items(data)
        for item in items if verb == "throttle" else ():
            item.limit = data.draw(st.sampled_from(["", "", "cc1", "rr2"]))[1:]
        if verb in {"ack", "bury"}:
            self.some_follow_ups(data, items)
        call = self.settling(verb, worker, items, retry_ms=data.draw(st.sampled_from([0, HOUR_MS])))
        reply = self.rig.run(call)
        words = reply[1] if verb == "bury" else reply
        assert words == self.model.settle(verb, items)
        if set(words) != {"LEASELOST"}:  # else the answer to the call before is still known
            if worker in self.settled:
                self.old.append(self.settled[worker][0])
            self.settled[worker] = (call, words)
        self.learn_dues()

    def left(self) -> tuple[int, set[str]]:
        """How many entries no claim has read, and which jobs are in the line now and weren't."""
        pipe = self.rig.admin.pipeline(transaction=False)
        pipe.xrange(self.keys.key("stream"))
        pipe.hgetall(self.keys.key("state"))
        if self.model.stream:
            pipe.xinfo_groups(self.keys.key("stream"))
        entries, texts, *groups = pipe.execute()
        after = _place(groups[0][0]["last-delivered-id"] if groups and groups[0] else b"0-0")
        parked = {id_.decode() for id_, text in texts.items() if text[:1] == b"P"}
        jobs = self.model.jobs
        return (
            sum(_place(entry) > after for entry, _ in entries),
            {i for i in parked if i in jobs and jobs[i].place in "WBN"},
        )

    def learn_dues(self) -> None:
        """When jobs are due whose time is counted from the server's now."""
        jobs = [*self.model.in_place("S"), *self.model.in_place("H")]
        unknown = [
            job
            for job in jobs
            if (job.quiet and job.word in {"", "heir"}) or (job.word and job.place == "S")
        ]
        pipe = self.rig.admin.pipeline(transaction=False)
        for job in unknown:
            pipe.hget(self.keys.key("jobs"), job.id)
            pipe.hget(self.keys.key("state"), job.id)
            pipe.zscore(self.keys.key("scheduled"), job.id)
        found = pipe.execute() if unknown else []
        for job, *seen in zip(unknown, found[::3], found[1::3], found[2::3], strict=True):
            record, state, score = seen
            due = float(score if job.place == "S" else state.split(b" ")[3])
            if job.quiet and job.word in {"", "heir"}:
                begun = int(record.partition(b"\n")[0].rpartition(b",f=")[2].split(b",")[0])
                self.learn_quiet(job, begun, due)
            job.due = due

    def learn_quiet(self, job: Job, begun: int, due: float) -> None:
        """A debounced job is due after so much quiet, or so long after its first call."""
        if job.begun is None:
            assert abs(begun - self.model.now) < SLOW_MS
            job.begun = begun
        assert begun == job.begun
        if due != job.due:
            assert job.quiet is not None
            most = max(self.model.now, job.begun + job.quiet.longest)
            assert abs(due - min(self.model.now + job.quiet.quiet, most)) < SLOW_MS

    def saying(self, what: str, items: list[Item], number: int) -> Call[list[str]]:
        said = f"{number}".encode()
        if what == "append":
            entries = [op.Said(i.id, i.token, number, HOUR_MS, [said]) for i in items]
            return op.append(self.keys, trail="chunks", jobs=entries)
        jobs = [(item.id, item.token, said) for item in items]
        if what == "progress":
            return op.progress(self.keys, jobs=jobs)
        return op.checkpoint(self.keys, lease_ms=LEASE_MS, jobs=jobs)

    def settling(self, verb: str, worker: str, items: list[Item], retry_ms: int) -> Call[Any]:
        task = {i.id: self.model.jobs[i.id].task for i in items if i.id in self.model.jobs}
        make: dict[str, Callable[[Item], Any]] = {
            "ack": lambda i: op.Ack(
                i.id, i.token, task.get(i.id, "t"), "ok", 1, HOUR_MS, b"v", self.follow(i)
            ),
            "retry": lambda i: op.Again(
                i.id, i.token, retry_ms, i.counted, b"e" if i.error else b"", task.get(i.id, "t")
            ),
            "bury": lambda i: op.Burial(
                i.id, i.token, task.get(i.id, "t"), "failed", 1, b"e", self.follow(i)
            ),
            "throttle": lambda i: op.Throttled(i.id, i.token, HOUR_MS, i.limit),
            "release": lambda i: op.HandBack(i.id, i.token, i.crashed),
            "strand": lambda i: op.Stray(i.id, i.token, task.get(i.id, "t")),
        }
        describe: Callable[..., Call[Any]] = getattr(op, verb)
        jobs = [make[verb](item) for item in items]
        return describe(self.keys, worker=worker, seq=self.number(worker + " seq"), jobs=jobs)
