"""The line as it should be: which parked jobs may start, and what a claim may bring of them.

Time is counted in hours: each rate lets one job go an hour, and hours pass when a step says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.model.jobs import Job

HOUR_US = 3_600_000_000
DEFAULT_BAND = 5


@dataclass(frozen=True)
class Brought:
    """What is seen of a claim that the model leaves open."""

    ids: list[str]
    unread: int  # entries of the stream that were not read by then
    kept_back: set[str]  # into the line


class Lining:
    """The part of the model that knows of the line."""

    jobs: dict[str, Job]
    booked: dict[str, int]
    told_off: dict[str, int]
    settings: dict[str, str]
    paused: set[tuple[str, str]]
    stream: dict[int, str]
    read: int
    healed: bool

    def candidates(self, room: int, tasks: Sequence[str]) -> tuple[list[Job], list[int]]:
        raise NotImplementedError

    def in_place(self, place: str) -> list[Job]:
        raise NotImplementedError

    # --- limiters -------------------------------------------------------------------------------

    def slots(self) -> set[str]:
        """What running jobs take of limits of concurrency, and an ordered lane's retrying one."""
        return {
            f"{limiter(text)}\0{job.id}"
            for job in self.jobs.values()
            for text in job.limits
            if job.at
            and ((job.place == "R" and text[0] in "co") or (job.place == "S" and text[0] == "o"))
        }

    def may_start(self, job: Job) -> bool:
        lane = job.hold.lane if job.hold else ""
        if {("lane", lane), ("task", job.task)} & self.paused:
            return False
        used = Counter(slot.partition("\0")[0] for slot in self.slots())
        for text in job.limits:
            name, *numbers = text.split("=")
            said = self.settings.get(definition(name))
            if self.told_off.get(name, 0) > 0:
                return False
            if name[0] == "r":
                burst = int(said.split(" ")[2] if said else numbers[1])
                if self.booked.get(name, 0) + min(cost(text), burst) - burst > 0:
                    return False
            elif used[name] >= int((said or "c 1").split(" ")[1] if said else (numbers or "1")[0]):
                return False
        return True

    def is_behind(self, job: Job, could: Sequence[Job]) -> bool:
        """Whether its ordered lane waits for the rate of an earlier one."""
        own = [text for text in job.limits if text[0] == "o"]
        return any(
            other.place == "P"
            and (other.at, other.id) < (job.at, job.id)
            and own == [text for text in other.limits if text[0] == "o"]
            and not self.may_start(other)
            and self.waits_for_time(other)
            for other in could
            if own
        )

    def waits_for_time(self, job: Job) -> bool:
        """No pause stops it, and no place that is taken."""
        lane = job.hold.lane if job.hold else ""
        if {("lane", lane), ("task", job.task)} & self.paused:
            return False
        used = Counter(slot.partition("\0")[0] for slot in self.slots())
        for text in job.limits:
            name, *numbers = text.split("=")
            said = self.settings.get(definition(name)) or f"c {(numbers or '1')[0]}"
            if name[0] != "r" and used[name] >= int(said.split(" ")[1]):
                return False
        return True

    def exhausted(self, job: Job, limit: str) -> list[str]:
        """The limiters that a job is held to mean that says it was told to come later."""
        ranks: dict[str, int] = {}
        for name in map(limiter, job.limits):
            if limit and name[0] != "o":
                ranks[name] = 4 * (definition(name) == limit)
            else:
                ranks[name] = {"o": 0, "c": 1, "r": 3 if "!" in name else 2}[name[0]]
        best = max(ranks.values(), default=0)
        return [name for name, rank in ranks.items() if rank == best > 0]

    def hours_pass(self, hours: int) -> None:
        for times in (self.booked, self.told_off):
            for name in list(times):
                times[name] -= hours
                if times[name] <= 0:
                    del times[name]

    # --- a claim --------------------------------------------------------------------------------

    def choose(
        self, limit: int, tasks: Sequence[str], brought: Brought
    ) -> tuple[list[Job], list[Job]]:
        """What has expired, and what was taken: what was brought, if it may be."""
        if ("queue", "") in self.paused:
            assert brought.ids == []
            return [], []
        known = [self.jobs[id_] for id_ in brought.ids if id_ in self.jobs]
        assert len(known) == len(brought.ids), brought
        late = [job for job in self.in_place("P") if job.late]
        line = [job for job in known if job.at and job.place in "PN"]
        plain = [job for job in known if job not in line]
        could = [job for job in self.in_place("P") if not job.late]
        strict = self.strictly(limit, tasks, could)
        found, too_late, kept = self.plain_ones(limit, tasks, line, plain, brought)
        for job in kept:
            self.stream.pop(job.order, None)
            job.at, job.order = job.at or "?held", 0
            job.place, job.word = "P", "paused" if ("task", job.task) in self.paused else "known"
        late += too_late
        if strict is not None and not late and not kept:
            assert {job.id for job in known} <= strict, (known, strict)
            assert bool(known) == bool(strict), strict
        for job in line:
            self.start(job, could)
        if found + len(line) < limit:
            there = [*could, *kept]  # what came into the line just now may be first in its lane
            idle = [
                job.id
                for job in could
                if job.place == "P" and self.may_start(job) and not self.is_behind(job, there)
            ]
            assert idle == [], f"room was left for {idle}"
        return late, plain + line

    def plain_ones(
        self, limit: int, tasks: Sequence[str], line: list[Job], plain: list[Job], brought: Brought
    ) -> tuple[int, list[Job], list[Job]]:
        """How many were found outside the line, which are too late, and which go there instead."""
        left = {order for order in self.stream if order > self.read}
        for room in range(limit - len(line), limit + 1):
            found, entries = self.candidates(room, tasks)
            own = [
                j for i, j in enumerate(found) if j.place == "W" or i < len(found) - len(entries)
            ]
            kept = [j for j in own if not j.late and (j.at or ("task", j.task) in self.paused)]
            rest = [job for job in own if not job.late and job not in kept]
            gone = {*entries, *(job.order for job in own if job not in rest)}
            aside = {job.id for job in kept if job not in line}
            same = (rest, aside) == (plain, brought.kept_back)
            if same and brought.unread == len(left - gone):
                outside = room - (len(found) - len(entries))
                self.healed = self.healed or len(entries) < outside
                self.read = max([self.read, *entries])
                return len(found), [job for job in own if job.late], kept
        raise AssertionError(f"{[job.id for job in plain]} came, {brought} are unread of {left}")

    def start(self, job: Job, could: list[Job]) -> None:
        """It comes from the line: the first of its class, and all its limiters let it go."""
        assert self.may_start(job), (job, self.slots(), self.booked)
        for other in could:
            if (other.place, other.class_name) == ("P", job.class_name) and other is not job:
                assert (other.at, other.id) > (job.at, job.id), (other, job)
        for text in job.limits:
            if text[0] == "r":
                self.booked[limiter(text)] = self.booked.get(limiter(text), 0) + cost(text)
        job.place = "R"

    def strictly(self, limit: int, tasks: Sequence[str], could: list[Job]) -> set[str] | None:
        """Which job a claim of one may bring; None: too much else happens to say."""
        if limit > 1 or not self.healed:
            return None
        head = {job.id for job in self.candidates(1, tasks)[0]}
        firsts: dict[str, Job] = {}  # lane -> its first job that may start
        for job in sorted(could, key=lambda job: (job.at, job.id)):
            if self.may_start(job) and not self.is_behind(job, could):
                firsts.setdefault(job.hold.lane if job.hold else "", job)
        best = min((int(job.at[0]) for job in firsts.values()), default=9)
        turns = {job.id for job in firsts.values() if int(job.at[0]) == best}
        if best == DEFAULT_BAND:
            return turns | head
        return turns if best < DEFAULT_BAND else head or turns


def limiter(text: str) -> str:
    """Its id."""
    return text.partition("=")[0]


def definition(name: str) -> str:
    """What is published or set for a limiter is under this name."""
    return name[1:].partition("!")[0]


def cost(text: str) -> int:
    """What one job takes of a rate."""
    return int([*text.split("="), "1"][3])
