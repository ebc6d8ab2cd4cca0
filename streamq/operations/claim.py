"""Handing out jobs, and moving into the stream what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from streamq.operations.bind import bind, text
from streamq.operations.settle import RESULTS_CAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call


DAMAGED = "damaged"  # stands for the task where a record can't be read; such jobs are set aside


_MOST_DIGITS = 14  # of a time in ms that a calendar has


class Record(NamedTuple):
    """A job as its enqueuer wrote it."""

    task: str
    where: str  # the entry in the stream, or "@<due ms>": only true until first touched
    opts: str  # what scripts read, "-" for nothing
    body: bytes  # the encoded call

    def option(self, name: str) -> str:
        """One of `opts`; empty where it isn't there."""
        found = f",{self.opts}".partition(f",{name}=")[2]
        return found.partition(",")[0]

    @property
    def scheduled_ms(self) -> int | None:
        """The tick that a schedule made it for, or when it was due; None: it was to run at once."""
        told = self.option("t") if self.opts != "-" else ""
        due = told or (self.where[1:] if self.where.startswith("@") else "")
        # Who wrote to the record by hand may have written anything.
        return int(due) if due.isdecimal() and len(due) <= _MOST_DIGITS else None

    @property
    def schedule(self) -> str:
        """The name of the schedule that made it; empty for others."""
        return self.option("s").partition("/")[2] if self.opts != "-" else ""


class ClaimedJob(NamedTuple):
    """A job in a worker's hands."""

    id: str
    attempt: int  # 1 for the first run
    crashes: int  # runs that ended in a killed process
    record: Record
    delay_us: int = 0  # it may not start before, from the claim's answer on: a rate limit says so
    checkpoint: bytes | None = None  # where an earlier run can be gone on from


class Claimed(NamedTuple):
    """A claim's reply."""

    jobs: list[ClaimedJob]
    next_due_ms: int  # until the next scheduled job is due; -1: none
    stranded: bool  # jobs stand aside that only workers naming their task may claim
    more: bool  # the claim was filled: more may be waiting
    now_ms: int  # the server's clock
    expired: int  # jobs that were too old to start
    late: tuple[str, ...] = ()  # their summaries: `<id> expired <attempt> 0 <ms> <task>`
    gate_ms: int = -1  # until a claim may bring jobs of the line; -1: not before something happens


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion's reply."""

    moved: int
    next_due_ms: int  # -1: nothing is scheduled


def parse_record(raw: bytes) -> Record:
    """The parts of a record; what is not one is a `ValueError`."""
    head, newline, body = raw.partition(b"\n")
    where, task, opts = head.decode("ascii").split(" ")
    if not newline:
        message = "not a job's record"
        raise ValueError(message)
    return Record(task, where[1:], opts, body)


def claim(
    keys: QueueKeys,
    *,
    worker: str,
    token: str,
    lease_ms: int,
    limit: int,
    result_ttl_ms: int,
    results_cap: int = RESULTS_CAP,
    tasks: Sequence[str] = (),
    armed: bool = False,
) -> Call[Claimed]:
    """Up to `limit` (1 to 200) jobs that may run now, under one lease named `token`.

    An `armed` one, sent ahead, brings nothing where the worker is unknown when it is done.

    The same token again gives the same jobs, as far as they still run. `tasks` (at most 1,000): the
    tasks this worker knows, to be named only while `stranded` was said.
    """
    return bind(
        "claim",
        keys,
        _read_claim,
        items=list(tasks)[:1000],
        worker=worker,
        token=token,
        lease_ms=lease_ms,
        limit=limit,
        result_ttl_ms=result_ttl_ms,
        results_cap=results_cap,
        armed=int(armed),
    )


def _read_claim(reply: list[Any]) -> Claimed:
    delays = _read_delays(text(reply[6])) if reply[6] else {}
    jobs = [
        ClaimedJob(
            reply[i].decode(),
            reply[i + 1],
            reply[i + 2],
            _record(reply[i + 3]),
            delays.get((i - 8) // 4, 0),
        )
        for i in range(8, len(reply), 4)
    ]
    if reply[7]:
        jobs = _restored(jobs, reply[7])
    late = tuple(map(text, reply[4] or ()))
    more = bool(reply[1]), bool(reply[2])
    return Claimed(jobs, reply[0], *more, reply[3], len(late), late, gate_ms=reply[5])


def _read_delays(delays: str) -> dict[int, int]:
    """Number of a job in the reply -> microseconds."""
    pairs = (one.split(":") for one in delays.split(" "))
    return {int(number): int(us) for number, us in pairs}


def _restored(jobs: list[ClaimedJob], found: list[bytes]) -> list[ClaimedJob]:
    kept = dict(zip(map(bytes.decode, found[::2]), found[1::2], strict=True))
    return [job._replace(checkpoint=kept.get(job.id)) for job in jobs]


def _record(raw: bytes) -> Record:
    """The record; one that was touched by hand belongs to a task that nobody knows."""
    try:
        return parse_record(raw)
    except ValueError:
        return Record(DAMAGED, "0-0", "-", b"")


def promote(keys: QueueKeys, *, limit: int = 100) -> Call[Promoted]:
    """Moves up to `limit` (1 to 200) due jobs into the stream."""
    return bind("promote", keys, lambda reply: Promoted(*reply), limit=limit)
