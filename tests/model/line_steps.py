"""The steps that steer the line: pauses, limits at run time, told to come later; and time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from streamq import operations as op
from streamq.operations import NewJob
from streamq.operations.admit import opts_of
from tests.lua.rig import HOUR_MS
from tests.model.bench import KEYS, Bench
from tests.model.jobs import Job, Spec
from tests.model.lining import HOUR_US, definition, limiter
from tests.model.steps import step

PAUSES = st.sampled_from([("queue", ""), ("lane", "a"), ("lane", "b"), ("task", "t.u")])
SETTINGS = st.sampled_from(
    [(f"c{n}", f"c {most}") for n in (1, 2) for most in range(3)]
    + [(f"r{n}", f"r {HOUR_US} {burst}") for n in (1, 2) for burst in (1, 2, 4)]
)
AGO_MS = HOUR_MS // 3
EVEN_SO_US = 100_000  # what the server's own clock adds is not what a rate waits for


class LineSteps(Bench):
    """What is done to a line, besides to its jobs."""

    @step(3, when=lambda self: bool(self.model.in_place("R")), worker=st.sampled_from(["w1", "w2"]))
    def throttle(self, data: st.DataObject, worker: str) -> None:
        self.settle("throttle", data, worker)

    @step(source=st.sampled_from(["mail", "low"]), is_again=st.booleans())
    def relay(self, data: st.DataObject, source: str, is_again: bool) -> None:
        """Jobs come from another queue's outbox, some of them once more."""
        sent = self.relayed.get(source, []) if is_again else []
        for when in data.draw(st.lists(st.sampled_from(["now", "later"]), min_size=1, max_size=2)):
            spec = self.some_job(data, when)
            if data.draw(st.booleans()):
                spec.key = data.draw(KEYS[spec.task])
            self.ids.append(spec.id)
            sent = [*sent, (self.number(f"entry {source}"), spec)]
        jobs = [op.Sent(f"{entry}-0", "q", self.relayed_job(spec)) for entry, spec in sent]
        words = self.rig.run(op.relay(self.keys, source=source, jobs=jobs))
        assert words == self.model.relay(source, sent)
        self.relayed[source] = sent[-3:]

    def relayed_job(self, spec: Spec) -> NewJob:
        """As it stood in the outbox: its options are one text."""
        job = self.new_job(spec)
        return replace(job, opts=opts_of(job, None), unique="")

    @step(8, when=lambda self: bool(self.model.outbox), arrived=st.integers(0, 3))
    def forward(self, arrived: int) -> None:
        entries = [sent.entry for sent in self.rig.run(op.forward(self.keys))][:arrived]
        left = self.rig.run(op.forward(self.keys, arrived=entries))
        assert [sent.job.id for sent in left] == self.model.forward(len(entries))

    @step(pause=PAUSES)
    def pause(self, pause: tuple[str, str]) -> None:
        changed = self.rig.run(op.pause(self.keys, what=pause[0], name=pause[1]))
        assert changed == (pause not in self.model.paused)
        assert not self.rig.run(op.pause(self.keys, what=pause[0], name=pause[1]))
        self.model.paused.add(pause)

    @step(3, when=lambda self: bool(self.model.paused))
    def resume(self, data: st.DataObject) -> None:
        pause = data.draw(st.sampled_from(sorted(self.model.paused)))
        assert self.rig.run(op.resume(self.keys, what=pause[0], name=pause[1]))
        assert not self.rig.run(op.resume(self.keys, what=pause[0], name=pause[1]))
        self.model.paused.discard(pause)

    @step(setting=SETTINGS)
    def set_limit(self, setting: tuple[str, str]) -> None:
        name, text = setting
        changed = self.rig.run(op.set_limits(self.keys, values={name: text}))
        assert changed == (self.model.settings.get(name) != text)
        self.model.settings[name] = text
        self.poke_all(name)
        for booked in self.model.booked if text[0] == "r" else ():
            if definition(booked) == name:  # none waits for longer than the new rate asks
                most = int(text.split(" ")[2])
                self.model.booked[booked] = min(self.model.booked[booked], most)

    @step(2, when=lambda self: bool(self.model.settings))
    def reset_limit(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.settings)))
        assert self.rig.run(op.reset_limits(self.keys, names=[name])) == 1
        del self.model.settings[name]
        self.poke_all(name)

    def poke_all(self, name: str) -> None:
        cursor = self.rig.run(op.poke(self.keys, definition=name, limit=1))
        while cursor:
            cursor = self.rig.run(op.poke(self.keys, definition=name, cursor=cursor, limit=1))

    @step(
        2,
        when=lambda self: bool(self.model.booked or self.model.told_off),
        hours=st.integers(1, 3),
    )
    def hours_pass(self, hours: int) -> None:
        """All times of rates lie so much further back."""
        by = hours * HOUR_US + EVEN_SO_US
        for name in ("rates", "gates"):
            key = self.keys.key(name)
            found: Any = self.rig.admin.zrange(key, 1, "(+inf", byscore=True)
            for member in found:
                if member != b"!timers":
                    self.rig.admin.zincrby(key, -by, member)
        self.model.hours_pass(hours)

    @step(6, when=lambda self: bool(self.calming()))
    def quiet_passes(self, data: st.DataObject) -> None:
        """A debounced job's calls were made some time ago."""
        job = self.model.jobs[data.draw(st.sampled_from(self.calming()))]
        begun = job.begun or 0
        record: Any = self.rig.admin.hget(self.keys.key("jobs"), job.id)
        earlier = record.replace(b",f=%d" % begun, b",f=%d" % (begun - AGO_MS), 1)
        assert earlier != record
        self.rig.admin.hset(self.keys.key("jobs"), job.id, earlier)
        self.rig.admin.zincrby(self.keys.key("scheduled"), -AGO_MS, job.id)
        job.begun, job.due = begun - AGO_MS, job.due - AGO_MS

    def calming(self) -> list[str]:
        """Debounced jobs that nobody has touched since."""
        return sorted(job.id for job in self.model.in_place("S") if self.is_calming(job))

    def is_calming(self, job: Job) -> bool:
        return job.quiet is not None and not job.word and job.begun is not None

    @step(when=lambda self: bool(self.model.in_place("P")))
    def look_at_the_line(self, data: st.DataObject) -> None:
        """What is told of a job in the line, and of limiters, is so."""
        job = self.model.jobs[
            data.draw(st.sampled_from([job.id for job in self.model.in_place("P")]))
        ]
        [found] = self.rig.run(op.standing(self.keys, ids=[job.id]))
        alike = [one for one in self.model.in_place("P") if one.class_name == job.class_name]
        ahead = [one for one in alike if (one.at, one.id) <= (job.at, job.id)]
        assert (found.class_name, found.place) == (job.class_name, len(ahead))
        used: dict[str, int] = {}
        cursor = "start"
        while cursor:
            page = self.rig.run(op.limiters(self.keys, cursor=cursor.removeprefix("start")))
            used |= {each.id: each.used for each in page.limiters}
            cursor = page.cursor
        for text in job.limits:
            if text[0] == "c":
                name = limiter(text)
                taken = sum(slot.startswith(f"{name}\0") for slot in self.model.slots())
                assert used.get(name, 0) == taken
