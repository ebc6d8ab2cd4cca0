"""Unique keys and budgets as they should be: who has a key, who is next, how many bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.model.jobs import Job, Spec

if TYPE_CHECKING:
    from streamq.operations import Budget
    from tests.model.jobs import Key

LETTERS = {"R": "r", "S": "s", "W": "w", "B": "w", "N": "w", "P": "w"}


class Unifying:
    """The part of the model that knows of keys."""

    jobs: dict[str, Job]
    unique: dict[str, str]
    heirs: dict[str, str]
    moves: list[tuple[Job, str]]
    errors: set[str]
    checkpoints: dict[str, str]
    counts: Counter[str]
    tally: Counter[str]
    now: float  # about, ms

    def _enter(self, job: Job) -> None:
        raise NotImplementedError

    def _leave(self, job: Job) -> None:
        raise NotImplementedError

    def unify(self, spec: Spec) -> tuple[str, str]:
        """A call whose idempotency key is new: word and id."""
        holder = self.jobs.get(self.unique.get(spec.key.digest, "")) if spec.key else None
        if spec.key is None or holder is None:
            return self._accept(spec)
        heir = self.jobs.get(self.heirs.get(spec.key.digest, ""))
        mode, runs = spec.key.mode, holder.place == "R"
        if mode == "raise":
            return "TAKEN", holder.id
        if mode == "return" or (mode == "replace" and runs and not heir):
            return "EXISTS", holder.id
        if heir or not runs:
            self._replace(heir or holder, spec)
            self.counts["replaced"] += 1
            return "REPLACED", (heir or holder).id
        job = self._made(spec)
        job.place, job.word, job.due = "H", "heir", spec.due or 0
        self.heirs[spec.key.digest] = job.id
        return "OK", job.id

    def _accept(self, spec: Spec) -> tuple[str, str]:
        job = self._made(spec)
        if spec.due is None:
            self._enter(job)
        else:
            job.place, job.due = "S", spec.due
        self._hold(job)
        return "OK", job.id

    def _made(self, spec: Spec) -> Job:
        job = Job(spec.id, spec.task, spec.bound, spec.late, key=spec.key, bytes=spec.bytes)
        job.hold, job.quiet, job.endless = spec.hold, spec.quiet, spec.endless
        self.jobs[spec.id] = job
        self.counts["enqueued"] += 1
        self.tally[f"{spec.task} enqueued"] += 1
        self.counts["bytes"] += spec.bytes
        return job

    def _hold(self, job: Job) -> None:
        """A call has just been put there: it has the key, or nobody."""
        if job.key and LETTERS[job.place] in job.key.letters:
            self.unique[job.key.digest] = job.id
        elif job.key:
            self.unique.pop(job.key.digest, None)

    def _replace(self, job: Job, spec: Spec) -> None:
        self.counts["bytes"] += spec.bytes - job.bytes
        going_on = job.word in {"", "heir"}  # else it ran: another wait begins
        job.begun = job.begun if going_on and job.quiet and spec.quiet else None
        due = spec.due
        if spec.quiet and job.place not in "SH":
            due = None  # its quiet is over
        like = (job.class_name, job.hold and job.hold.priority)
        job.bound, job.late, job.key, job.bytes = spec.bound, spec.late, spec.key, spec.bytes
        job.hold, job.quiet, job.attempt, job.crashes = spec.hold, spec.quiet, 0, 0
        alike = (job.class_name, job.hold and job.hold.priority) == like
        self.errors.discard(job.id)
        self.checkpoints.pop(job.id, None)
        if job.place == "H":
            job.due = spec.due or 0
            return
        stays = due is None and job.place != "S" and alike and bool(job.hold) == bool(job.at)
        if not stays:
            self._leave(job)
            job.at = job.word = ""
            if due is None:
                self._enter(job)
            else:
                job.place, job.due = "S", due
        elif job.place in "WP":
            job.word = ""
        self._hold(job)

    def too_much(self, specs: Sequence[Spec], most: Budget) -> tuple[str, int] | None:
        """The budget that has no room for these calls, all of them new, and how full it is."""
        new = [s for s in specs if not (s.key and s.key.digest in self.unique)]
        there = sum(job.place != "D" for job in self.jobs.values())
        if new and most.max_jobs is not None and there + len(new) > most.max_jobs:
            return "max_jobs", there
        bytes_ = self.counts["bytes"]
        if most.max_bytes is not None and bytes_ + sum(s.bytes for s in new) > most.max_bytes:
            return ("max_bytes", bytes_) if new else None
        return None

    def move_keys(self, *rounds: str) -> None:
        """What this call has done to keys: for each round of letters those that take, then free."""
        moves, self.moves[:] = list(self.moves), []
        for letters in rounds:
            free = []
            for job, to in moves:
                if to not in letters:
                    continue
                self.counts["bytes"] -= job.bytes if to in "ec" else 0
                if job.place == "H" and job.key:
                    del self.heirs[job.key.digest]
                elif job.key and to not in job.key.letters:
                    free.append((job.id, job.key))
                elif job.key and len(job.key.letters) < 3:
                    self.unique.setdefault(job.key.digest, job.id)
            for id_, key in free:
                if self.unique.get(key.digest) == id_:
                    self._let_go(key)

    def _let_go(self, key: Key) -> None:
        heir = self.jobs.get(self.heirs.pop(key.digest, ""))
        if heir is None:
            del self.unique[key.digest]
        elif heir.due > self.now:
            heir.place = "S"
        else:
            self._enter(heir)
        if heir is not None:
            self._hold(heir)

    def retake(self, job: Job) -> bool:
        """A dead job is to run again; False: another has its key."""
        takes = job.key and "w" in job.key.letters
        if takes and job.key and self.unique.setdefault(job.key.digest, job.id) != job.id:
            return False
        self.counts["bytes"] += job.bytes
        return True
