"""The steps that only look, each answer held to the model; and the shortest way to enqueue."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from streamq import operations as op
from tests.lua.rig import BODY
from tests.model.bench import Bench
from tests.model.compare import found_limits, limits_of
from tests.model.jobs import Spec
from tests.model.steps import step

PLACES = ("scheduled", "stranded", "parked", "dead", "ended", "running", "heirs", "waiting")
LETTERS = dict(zip(("S", "N", "P", "D", "", "R", "H", "W"), PLACES, strict=True))
PLAIN = re.compile(rb"\d+ \S+ \d+")  # a producer's last call, when all of it was accepted


class ReadingSteps(Bench):
    """What is told of a queue is so."""

    @step(2, producer=st.sampled_from(["p1", "p2"]))
    def put(self, data: st.DataObject, producer: str) -> None:
        spec = Spec(f"j{self.number('job')}", data.draw(st.sampled_from(["t", "t.u"])))
        if self.model.jobs and data.draw(st.integers(0, 4)) == 0:
            spec.id = data.draw(st.sampled_from(sorted(self.model.jobs)))
        spec.endless = True
        last: Any = self.rig.admin.get(self.keys.producer(producer))
        job = op.NewJob(spec.id, spec.task, BODY)
        counter = self.number(producer)
        is_plain = bool(PLAIN.fullmatch(last or b"")) and spec.id not in self.model.jobs
        call = op.put(self.keys, producer=producer, counter=counter, job=job)
        assert self.rig.run(call) == is_plain
        if is_plain:
            assert not self.rig.run(call), "a repeat is for the other script"
        same = op.enqueue(self.keys, producer=producer, counter=counter, jobs=[job])
        words = self.model.enqueue([spec])
        assert [answer.word for answer in self.rig.run(same)] == (
            ["ALREADY"] if is_plain else words
        )
        self.produced.setdefault(producer, []).append(same)
        self.ids += [spec.id for _ in words if spec.id not in self.ids]

    @step(
        worker=st.sampled_from(["w1", "w2"]),
        order=st.sampled_from(["quiet", "stop", "resume"]),
    )
    def instruct(self, worker: str, order: str) -> None:
        known = self.model.orders.get(worker, "resume")
        word = self.rig.run(op.instruct(self.keys, worker=worker, order=order))
        if not self.model.alive.get(worker):
            assert word == "UNKNOWN"
            return
        assert word == ("ALREADY" if known == order else "OK")
        self.model.orders[worker] = order
        if order == "resume":
            del self.model.orders[worker]

    @step(3, reader=st.sampled_from(["look", "count", "page", "seek", "told"]))
    def read(self, data: st.DataObject, reader: str) -> None:
        getattr(self, f"read_{reader}")(data)

    def read_look(self, data: st.DataObject) -> None:
        ids = self.some_ids(data, "W", "S", "R", "D", "P", "N", "B", "H")
        for found in self.rig.run(op.look(self.keys, ids=ids)):
            job, kind = self.model.jobs.get(found.id), self.model.results.get(found.id)
            assert (found.outcome and found.outcome.kind) == kind
            assert (found.record and found.record.task) == (job and job.task)
            assert found.progress.decode() == self.model.progress.get(found.id, "")
            badly = self.model.scarred if found.outcome else self.model.errors
            assert bool(found.kept_runs) == (found.id in badly)
            if job is None:
                continue
            assert bool(found.state) == bool(job.word)
            assert (found.at_ms is not None) == (job.place in "SD")
            claim = self.model.claims[job.word] if job.place == "R" else ("", [])
            assert (found.worker, bool(found.lease_until_ms)) == (claim[0], job.place == "R")

    def read_count(self, _: st.DataObject) -> None:
        found = self.rig.run(op.count(self.keys))
        many = {place: len(self.model.in_place(letter)) for letter, place in LETTERS.items()}
        many["waiting"] += len(self.model.in_place("B"))
        many |= {"jobs": len(self.model.jobs), "results": len(self.model.results)}
        many["workers"] = sum(self.model.alive.values())
        del many["ended"]
        if not self.model.healed:
            del many["waiting"], many["running"]
        assert {name: found[name] for name in many} == many
        assert (found["next_due_ms"] == -1) == (not self.model.in_place("S"))
        assert found["oldest_ms"] >= (0 if self.model.in_place("B") else -1)
        ever = {name: n for name, n in self.model.counts.items() if name not in many}
        assert {name: found.get(name, 0) for name in ever} == ever

    def read_page(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(PLACES[: 8 if self.model.healed else 7]))
        ids: list[str] = []
        cursor = "start"
        while cursor:
            at = cursor.removeprefix("start")
            page = self.rig.run(op.page(self.keys, place=place, cursor=at, limit=2))
            ids, cursor = ids + page.ids, page.cursor
        letter = next(letter for letter, name in LETTERS.items() if name == place)
        expected = [job.id for job in self.model.in_place(letter)]
        if place == "waiting":
            expected = [job.id for job in self.model.in_place("B")] + expected
        if place == "ended":
            expected = list(self.model.results)
        if place == "heirs":  # in no order, and one may come twice
            ids = list(set(ids))
        ordered = place in {"waiting", "scheduled"}
        assert (ids if ordered else sorted(ids)) == (expected if ordered else sorted(expected))

    def read_seek(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(["", "t", "t.u"]))
        part = data.draw(st.sampled_from(["", "abc", "nothing"]))
        found: set[str] = set()
        cursor = "start"
        while cursor:
            at = cursor.removeprefix("start")
            call = op.seek(self.keys, cursor=at, limit=3, task=task, part=part)
            page = self.rig.run(call)
            found, cursor = found | set(page.ids), page.cursor
        assert found == {
            job.id
            for job in self.model.jobs.values()
            if task in {"", job.task} and part != "nothing" and job.place != "D"
        }

    def read_told(self, _: st.DataObject) -> None:
        """What workers and people told the queue, and what it counted by task."""
        texts = self.rig.run(op.options(self.keys, tasks=["t", "nobody's", "t.u"]))
        bounds = [self.model.policy.get(task) for task in ("t", "nobody's", "t.u")]
        assert texts == ["" if n is None else f'{{"max_crashes": {n}}}' for n in bounds]
        settings = self.rig.run(op.get_limits(self.keys))
        assert settings.cursor == ""
        assert found_limits(settings.values) == limits_of(self.model)
        tally = self.rig.run(op.stats(self.keys)).tally
        by_task = tally.by_task() if tally else {}
        counted = {
            f"{task} {kind}": n
            for task, one in by_task.items()
            for kind, n in one.counts.items()
            if n
        }
        assert counted == {name: n for name, n in self.model.tally.items() if n}
