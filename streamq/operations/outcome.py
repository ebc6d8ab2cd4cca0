"""The texts that scripts write, read back: states and outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import msgpack

from streamq.operations.beside import read_beside


@dataclass(frozen=True, slots=True)
class StateText:
    """The mutable state of a job that has been touched since it was enqueued."""

    place: (
        str  # R running, B returned, W waiting, P parked, S scheduled, N stranded, H heir, D dead
    )
    attempt: int  # runs counted so far; of a running job, the number of this run
    crashes: int
    entry: str  # in the stream; for S the due time, for D the time of death, in ms
    token: str  # of a running job; else the reason (for N the task)
    since_ms: int  # when this run was claimed (or may start); 0 where it does not run
    is_asked: bool = False  # somebody asked to cancel this running job


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    kind: str  # ok, none, unsendable, failed, poison, cancelled, expired
    ended_ms: int
    attempts: int
    run_ms: int  # of the last run
    task: str
    value: bytes
    parent: str = ""  # the job that enqueued it
    tags: tuple[str, ...] = ()
    kept_runs: bytes = b""  # those that ended badly before, for `parse_runs`
    call: bytes = b""  # its encoded call, where that is kept
    worker: str = ""  # of the last run; empty: it never started, or nobody told


_STATE_PARTS = (5, 6)  # at least; of a running job


def parse_state(raw: bytes) -> StateText | None:
    """A state text's parts; None for an empty one (a job untouched since enqueue).

    Raises `ValueError` for a text that no script wrote.
    """
    if not raw:
        return None
    parts = raw.decode("ascii", "replace").split(" ")
    if len(parts) < _STATE_PARTS[parts[0] == "R"]:
        raise ValueError(f"a state of {len(parts)} words")
    since = int(parts[5]) if parts[0] == "R" else 0
    is_asked = parts[-1].endswith("!")
    return StateText(parts[0], int(parts[1]), int(parts[2]), parts[3], parts[4], since, is_asked)


def parse_outcome(raw: bytes) -> Outcome | None:
    """An outcome's parts; None for an empty text."""
    if not raw:
        return None
    head, _, value = raw.partition(b"\n")
    kind, ended, attempts, run_ms, ran = head.decode("ascii", "replace").split(" ")
    task, _, worker = ran.partition("@")
    return Outcome(kind, int(ended), int(attempts), int(run_ms), task, *read_beside(value), worker)


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that ended badly."""

    number: int  # which attempt
    how: str  # retry, snooze, crashed, reclaimed; of a dead job's last one why it is dead
    worker: str
    since_ms: int
    ended_ms: int
    failure: bytes  # encoded; empty: none was told, or it was too large to keep


def parse_runs(raw: bytes) -> list[FailedRun]:
    """What `lua/lib/runs.lua` keeps, the oldest first; empty for what it did not write."""
    if not raw.startswith(b"!"):
        return []
    try:
        return [_run(*parts) for parts in msgpack.unpackb(raw[1:], raw=True)]
    except (ValueError, TypeError, msgpack.UnpackException):  # touched by hand
        return []


def last_failure(raw: bytes) -> bytes:
    """The newest failure that is kept of a job; an older release kept nothing else."""
    if not raw.startswith(b"!"):
        return raw
    return next((run.failure for run in reversed(parse_runs(raw)) if run.failure), b"")


def _run(  # noqa: PLR0917 - as they are packed
    number: bytes, how: bytes, worker: bytes, since: bytes, ended: bytes, failure: bytes
) -> FailedRun:
    texts = how.decode("utf-8", "replace"), worker.decode("utf-8", "replace")
    return FailedRun(int(number), *texts, int(since), int(ended), failure)
