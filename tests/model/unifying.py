"""Unique keys and budgets as they should be: who has a key, who is next, how many bytes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.model.jobs import Job, Spec

if TYPE_CHECKING:
    from tests.model.jobs import Key

LATER = 10**12  # a due time after this has not passed
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
        job.bound, job.late, job.key, job.bytes = spec.bound, spec.late, spec.key, spec.bytes
        job.attempt = job.crashes = 0
        self.errors.discard(job.id)
        self.checkpoints.pop(job.id, None)
        if job.place == "H":
            job.due = spec.due or 0
            return
        if spec.due is not None:
            self._leave(job)
            job.place, job.due, job.word = "S", spec.due, ""
        elif job.place == "S":
            self._enter(job)
            job.word = ""
        elif job.place == "W":
            job.word = ""
        self._hold(job)

    def move_keys(self, *rounds: str) -> None:
        """What this call has done to keys: for each round of letters those that take, then free."""
        moves, self.moves[:] = list(self.moves), []
        for letters in rounds:
            free = []
            for job, to in moves:
                if to not in letters:
                    continue
                self.counts["bytes"] -= job.bytes if to == "e" else 0
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
        elif heir.due > LATER:
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
