"""What a queue should do, in plain Python: each job's place, and the answers to each call.

The scripts are held to this. It knows nothing of Redis, of bytes or of time: what is past is
marked so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.model.jobs import Item, Job, Spec
from tests.model.lining import Brought, Lining
from tests.model.unifying import Unifying

DEFAULT_BOUND = 3


@dataclass
class Model(Lining, Unifying):
    jobs: dict[str, Job] = field(default_factory=dict)
    stream: dict[int, str] = field(default_factory=dict)  # order -> id
    read: int = 0  # the last entry that the group was given
    last: int = 0
    healed: bool = True  # every entry that should be pending is
    claims: dict[str, tuple[str, list[str]]] = field(default_factory=dict)  # token -> worker, ids
    lapsed: set[str] = field(default_factory=set)
    alive: dict[str, bool] = field(default_factory=dict)  # of the workers that are listed
    orders: dict[str, str] = field(default_factory=dict)  # what a worker was told
    policy: dict[str, int] = field(default_factory=dict)
    errors: set[str] = field(default_factory=set)
    progress: dict[str, str] = field(default_factory=dict)
    checkpoints: dict[str, str] = field(default_factory=dict)
    trails: dict[str, list[str]] = field(default_factory=dict)  # id -> what it emitted
    waiters: dict[str, list[str]] = field(default_factory=dict)
    told: list[tuple[str, str, str]] = field(default_factory=list)  # channel, id, kind
    results: dict[str, str] = field(default_factory=dict)  # id -> kind
    scarred: set[str] = field(default_factory=set)  # ended after runs that ended badly
    idem: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> id, arguments
    outbox: list[str] = field(default_factory=list)  # ids for other queues
    inbox: dict[str, int] = field(default_factory=dict)  # source -> the last entry applied
    counts: Counter[str] = field(default_factory=Counter)
    tally: Counter[str] = field(default_factory=Counter)  # task and kind
    unique: dict[str, str] = field(default_factory=dict)  # digest -> id
    heirs: dict[str, str] = field(default_factory=dict)
    moves: list[tuple[Job, str]] = field(default_factory=list)  # in this call
    booked: dict[str, int] = field(default_factory=dict)  # rate -> intervals until it is free
    told_off: dict[str, int] = field(default_factory=dict)  # limiter -> hours that it is held
    settings: dict[str, str] = field(default_factory=dict)  # of limits, at run time
    paused: set[tuple[str, str]] = field(default_factory=set)  # queue, task or lane, and its name
    newest: str = ""  # place in the line
    now: float = 0  # about, ms

    # --- steps ----------------------------------------------------------------------------------

    def _enter(self, job: Job) -> None:
        if job.hold or job.at:
            job.place, job.at = "P", job.at or "?"
            return
        self.last += 1
        job.place, job.order = "W", self.last
        self.stream[self.last] = job.id

    def _leave(self, job: Job) -> None:
        self.stream.pop(job.order, None)
        job.order = 0

    def _end(self, job: Job, kind: str) -> None:
        """The job is gone; its outcome stays."""
        self._leave(job)
        self.moves.append((job, "e"))
        del self.jobs[job.id]
        self.scarred |= self.errors & {job.id}
        self.errors.discard(job.id)
        self.progress.pop(job.id, None)
        self.checkpoints.pop(job.id, None)
        self.results[job.id] = kind
        self._tell(job.id, kind)

    def _tell(self, id_: str, kind: str) -> None:
        self.told += [(channel, id_, kind) for channel in self.waiters.pop(id_, [])]

    def _die(self, job: Job, reason: str, kind: str) -> None:
        self._leave(job)
        self.moves.append((job, "e"))
        job.place, job.word, job.at = "D", reason, ""
        self.progress.pop(job.id, None)
        self.counts["died"] += 1
        self.tally[f"{job.task} dead"] += 1
        self._tell(job.id, kind)

    def _give_up(self, job: Job) -> None:
        """It runs no more: a claim whose last job this was is gone."""
        token, job.word = job.word, "?"
        job.asked = ""
        if not self.held(token):
            del self.claims[token]
            self.lapsed.discard(token)

    def report(self, what: str, ids: Sequence[str], text: str) -> None:
        """Running jobs say something to their holder's queue."""
        for id_ in ids:
            if what == "append":
                self.trails.setdefault(id_, []).append(text)
            else:
                (self.progress if what == "progress" else self.checkpoints)[id_] = text
            if what != "checkpoint":
                self.told += [(channel, id_, "news") for channel in self.waiters.get(id_, [])]
            else:
                self.lapsed.discard(self.jobs[id_].word)

    def held(self, token: str) -> list[str]:
        _, ids = self.claims.get(token, ("", []))
        return [i for i in ids if self._runs(i, token)]

    def _runs(self, id_: str, token: str) -> bool:
        job = self.jobs.get(id_)
        return job is not None and job.place == "R" and job.word == token

    def _back_or_poison(self, job: Job, reason: str, *, lost: bool, crashed: bool) -> bool:
        """True: it was one crash too many."""
        bound = job.bound if job.bound is not None else self.policy.get(job.task, DEFAULT_BOUND)
        self.counts["crashed"] += crashed
        self.tally[f"{job.task} reclaimed"] += lost
        job.crashes += crashed
        if (lost and bound == 0) or (crashed and job.crashes >= bound):
            self.errors.add(job.id)
            self._die(job, "poison", "poison")
            return True
        if lost:
            self.errors.add(job.id)
        self.moves.append((job, "w"))
        job.place, job.word, job.attempt = "P" if job.at else "B", reason, job.attempt - 1
        self.progress.pop(job.id, None)
        return False

    # --- calls ----------------------------------------------------------------------------------

    def sort_out(self, specs: Sequence[Spec]) -> list[str]:
        """A word for each call, before unique keys are looked at."""
        firsts, words, fresh = dict(self.idem), [], set()
        for spec in specs:
            first = firsts.get(spec.idem[0]) if spec.idem else None
            if first and first[0] != spec.id:
                words.append("EXISTS" if spec.idem and first[1] == spec.idem[1] else "CONFLICT")
            elif first or spec.id in self.jobs or spec.id in fresh:
                words.append("ALREADY")
            else:
                words.append("OK")
                fresh.add(spec.id)
                if spec.idem:
                    firsts[spec.idem[0]] = (spec.id, spec.idem[1])
        return words

    def enqueue(self, specs: Sequence[Spec]) -> list[str]:
        words = self.sort_out(specs)
        for at, spec in enumerate(specs):
            if words[at] == "OK":
                words[at], id_ = self.unify(spec)
                if spec.idem and words[at] != "TAKEN":
                    self.idem[spec.idem[0]] = (id_, spec.idem[1])
        return words

    def relay(self, source: str, sent: Sequence[tuple[int, Spec]]) -> list[str]:
        words = []
        for entry, spec in sent:
            is_new = entry > self.inbox.get(source, 0)
            self.inbox[source] = max(entry, self.inbox.get(source, 0))
            words.append("OK" if is_new and spec.id not in self.jobs else "ALREADY")
            if words[-1] == "OK":
                self.unify(spec)
        return words

    def deposit(self, id_: str, kind: str) -> None:
        if id_ not in self.jobs and id_ not in self.results:
            self.results[id_] = kind
            self._tell(id_, kind)

    def forward(self, arrived: int) -> list[str]:
        del self.outbox[:arrived]
        self.counts["delivered"] += arrived
        return self.outbox

    def _follow(self, item: Item) -> None:
        for queue, spec in item.follow:
            if queue:
                self.outbox.append(spec.id)
                self.counts["sent"] += 1
            else:
                self.unify(spec)

    def claim(
        self, token: str, worker: str, limit: int, tasks: Sequence[str], brought: Brought
    ) -> list[str]:
        """`brought` is what the scripts chose of the line, which is held to what may be."""
        if token in self.claims:  # for a whole lease again
            self.lapsed.discard(token)
            return self.held(token)
        expired, taken = self.choose(limit, tasks, brought)
        for job in expired:
            self.counts["expired"] += 1
            self.tally[f"{job.task} expired"] += 1
            self._end(job, "expired")
        for job in taken:
            job.place, job.word, job.attempt = "R", token, job.attempt + 1
            self.moves.append((job, "r"))
            self.tally[f"{job.task} started"] += 1
        if taken:
            self.claims[token] = (worker, [job.id for job in taken])
        self.move_keys("r", "e")
        return [job.id for job in taken]

    def candidates(self, room: int, tasks: Sequence[str]) -> tuple[list[Job], list[int]]:
        """What waits outside the line, in its order, and the entries that are read for it."""
        found = self.in_place("B")[:room]
        for task in dict.fromkeys(tasks):
            aside = [job for job in self.in_place("N") if job.word == task]
            found += sorted(aside, key=lambda job: job.id)[: room - len(found)]
        unread = [order for order in sorted(self.stream) if order > self.read]
        unread = unread[: room - len(found)]
        return found + [self.jobs[self.stream[order]] for order in unread], unread

    def settle(self, verb: str, items: Sequence[Item]) -> list[str]:
        words, done = [], set()
        running = {
            item.id: self.jobs[item.id].word for item in items if self._runs(item.id, item.token)
        }
        for item in items:
            if running.get(item.id) != item.token:
                words.append("LEASELOST")
            elif item.id in done:
                words.append("ALREADY")
            else:
                done.add(item.id)
                job = self.jobs[item.id]
                if job.asked and verb not in {"ack", "bury"}:
                    words.append(self._cancel(job))
                    continue
                self._give_up(job)
                words.append(getattr(self, "_" + verb)(job, item) or "OK")
        self.move_keys("c", "w", "s", "e")
        for word, item in zip(words, items, strict=True):
            if word == "OK":
                self._follow(item)
        return words

    def _cancel(self, job: Job) -> str:
        if job.place == "R":
            self._give_up(job)
        self.counts["cancelled"] += 1
        self.tally[f"{job.task} cancelled"] += 1
        self._end(job, "cancelled")
        self.moves[-1] = (job, "c")  # before all others of this call
        return "CANCELLED"

    def _ack(self, job: Job, _: Item) -> None:
        self.counts["succeeded"] += 1
        self.tally[f"{job.task} succeeded"] += 1
        self._end(job, "ok")

    def _retry(self, job: Job, item: Item) -> None:
        self._leave(job)
        self.counts["retried"] += 1
        self.tally[f"{job.task} retried"] += 1
        self.moves.append((job, "s"))
        job.place, job.word = "S", "retry" if item.counted else "snooze"
        job.attempt -= not item.counted
        self.progress.pop(job.id, None)
        if item.error:
            self.errors.add(job.id)

    def _throttle(self, job: Job, item: Item) -> None:
        told = self.exhausted(job, item.limit)
        for limiter in told:
            self.told_off[limiter] = max(1, self.told_off.get(limiter, 0))
        self._leave(job)
        in_line = bool(told and job.at)
        self.counts["throttled"] += 1
        self.moves.append((job, "w" if in_line else "s"))
        job.place, job.word, job.attempt = "P" if in_line else "S", "throttled", job.attempt - 1
        self.progress.pop(job.id, None)

    def _bury(self, job: Job, _: Item) -> None:
        self.errors.add(job.id)
        self._die(job, "failed", "failed")

    def _release(self, job: Job, item: Item) -> str:
        reason = "crashed" if item.crashed else "released"
        if self._back_or_poison(job, reason, lost=item.crashed, crashed=item.crashed):
            return "POISON"
        self.counts["released"] += 1
        return "OK"

    def _strand(self, job: Job, _: Item) -> None:
        self.moves.append((job, "w"))
        job.place, job.word, job.attempt = "N", job.task, job.attempt - 1
        self.progress.pop(job.id, None)
        self.counts["stranded"] += 1

    def reclaim(self) -> tuple[int, int, int]:
        poisoned = back = 0
        cancelled = self.counts["cancelled"]
        for token in sorted(self.lapsed):
            worker = self.claims[token][0]
            crashed = not self.alive.get(worker, False)
            for id_ in self.held(token):
                job = self.jobs[id_]
                if job.asked:
                    self._cancel(job)
                    continue
                self._give_up(job)
                reason = "crashed" if crashed else "reclaimed"
                if self._back_or_poison(job, reason, lost=True, crashed=crashed):
                    poisoned += 1
                else:
                    back += 1
        self.counts["reclaimed"] += back
        self.move_keys("c", "w", "e")
        return back, poisoned, self.counts["cancelled"] - cancelled

    def promote(self, now: float, limit: int) -> int:
        due = [job for job in self.in_place("S") if job.due <= now][:limit]
        for job in due:
            self._enter(job)
            job.word = job.word or "due"
            self.moves.append((job, "w"))
        self.move_keys("w")
        return len(due)

    def cancel(self, ids: Sequence[str], *, is_told: bool) -> list[str]:
        words = []
        for id_ in ids:
            job = self.jobs.get(id_)
            if job is None:
                kind = self.results.get(id_)
                words.append("OK" if kind == "cancelled" else "ENDED" if kind else "UNKNOWN")
            elif job.place == "R":
                words.append("ASKED")
                if job.asked in {"", "-"}:
                    job.asked = self.claims[job.word][0] if is_told else "-"
            elif job.place == "D":
                words.append("DEAD")
            else:
                words.append("OK")
                self._cancel(job)
        self.move_keys("c")
        return words

    def steer_dead(self, verb: str, ids: Sequence[str]) -> list[str]:
        """Revives or deletes."""
        words = []
        for id_ in ids:
            job = self.jobs.get(id_)
            if job is None or job.place != "D":
                words.append("ENDED")
                continue
            if verb == "revive" and not self.retake(job):
                words.append("TAKEN")
                continue
            words.append("OK")
            self.counts["revived" if verb == "revive" else "deleted"] += 1
            if verb == "revive":
                self._enter(job)
                job.word, job.attempt, job.crashes = "revived", 0, 0
            else:
                del self.jobs[id_]
                self.trails.pop(id_, None)
                self.errors.discard(id_)
                self.checkpoints.pop(id_, None)
        return words

    def wait(self, channel: str, ids: Sequence[str]) -> list[str]:
        words = []
        for id_ in ids:
            job = self.jobs.get(id_)
            if id_ in self.results:
                words.append("ended")
            elif job is None:
                words.append("unknown")
            elif job.place == "D":
                words.append("dead")
            else:
                words.append("waiting")
                channels = self.waiters.setdefault(id_, [])
                if channel not in channels:
                    channels.append(channel)
        return words

    def lose_group(self) -> None:
        self.read, self.healed = 0, not self.stream

    # --- looking --------------------------------------------------------------------------------

    def in_place(self, place: str) -> list[Job]:
        """In the order in which they go."""
        there = [job for job in self.jobs.values() if job.place == place]
        return sorted(there, key=lambda job: (job.due if place == "S" else job.order, job.id))
