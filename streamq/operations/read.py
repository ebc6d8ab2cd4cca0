"""Looking: all of it read-only but `wait`, which asks to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.operations.bind import bind, text
from streamq.operations.claim import parse_record
from streamq.operations.outcome import last_failure, parse_outcome, parse_runs, parse_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call
    from streamq.operations.claim import Record
    from streamq.operations.outcome import FailedRun, Outcome, StateText

PLACES = ("waiting", "scheduled", "stranded", "parked", "heirs", "running", "dead", "ended")
_NEWS = b"!"  # behind it, in a message, stands progress


@dataclass(frozen=True, slots=True)
class Look:
    """All that is known of one job; None or empty for what there is not."""

    id: str
    outcome: Outcome | None  # of an ended job whose outcome is kept
    record: Record | None  # of a job that is still here (the dead are)
    state: StateText | None  # None: untouched since it was enqueued
    error: bytes  # the last failure, encoded
    progress: bytes  # encoded
    at_ms: int | None  # due time of a scheduled job, time of death of a dead one
    worker: str  # that runs it
    lease_until_ms: int | None
    now_ms: int  # the server's clock
    kept_runs: bytes = b""  # what `runs` reads

    @property
    def runs(self) -> list[FailedRun]:
        """Those that ended badly, the last ten, the oldest first."""
        return parse_runs(self.kept_runs)


@dataclass(frozen=True, slots=True)
class Waited:
    """The answer to somebody who waits."""

    word: str  # ended, dead, waiting, unknown
    outcome: Outcome | None  # of an ended job
    state: StateText | None
    error: bytes  # of a dead job


@dataclass(frozen=True, slots=True)
class Page:
    """A page of job ids."""

    cursor: str  # of the next page; empty: this was the last
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Sought(Page):
    """A page of what `seek` found."""

    looked_at: int  # records


def look(keys: QueueKeys, *, ids: Sequence[str]) -> Call[list[Look]]:
    """All that is known of 1 to 200 jobs, at one instant."""

    def read(reply: list[Any]) -> list[Look]:
        return [_look(job_id, reply[9 * i : 9 * i + 9]) for i, job_id in enumerate(ids)]

    return bind("look", keys, read, items=ids)


def _look(job_id: str, part: list[bytes]) -> Look:
    outcome = parse_outcome(part[0])
    return Look(
        job_id,
        outcome,
        parse_record(part[1]) if part[1] else None,
        parse_state(part[2]),
        last_failure(part[3]),
        part[4],
        int(float(part[5])) if part[5] else None,
        text(part[6]).partition(" ")[0],
        int(float(part[7])) if part[7] else None,
        int(part[8]),
        outcome.kept_runs if outcome else part[3],
    )


def wait(keys: QueueKeys, *, channel: str, ids: Sequence[str]) -> Call[list[Waited]]:
    """Asks to be told on `channel` when 1 to 200 jobs end; what has ended is answered at once.

    The message on the channel is read by `parse_message`. Asking again changes nothing.
    """
    return bind("wait", keys, _read_wait, items=ids, channel=channel)


def _read_wait(reply: list[bytes]) -> list[Waited]:
    answers = []
    for word, value in zip(reply[::2], reply[1::2], strict=True):
        outcome = parse_outcome(value) if word == b"ended" else None
        state, _, error = value.partition(b"\n") if word != b"ended" else (b"", b"", b"")
        answers.append(Waited(text(word), outcome, parse_state(state), last_failure(error)))
    return answers


def parse_message(message: bytes) -> tuple[str, Outcome | None]:
    """A reply channel's message: which job ended, and how; None: it has news, and runs."""
    job_id, _, outcome = message.partition(b"\n")
    return text(job_id), None if outcome[:1] == _NEWS else parse_outcome(outcome)


def parse_news(message: bytes) -> bytes:
    """The progress that such a message brings along; empty where it brings none."""
    _, _, news = message.partition(b"\n")
    return news[1:] if news[:1] == _NEWS else b""


def page(keys: QueueKeys, *, place: str, cursor: str = "", limit: int = 50) -> Call[Page]:
    """Ids of the jobs in one of `PLACES`, in the order in which they go; 1 to 200 a page."""

    def read(reply: list[Any]) -> Page:
        return Page(text(reply[0]), [text(member) for member in reply[1:]])

    return bind("page", keys, read, place=place, cursor=cursor, limit=limit)


def seek(
    keys: QueueKeys, *, cursor: str = "", limit: int = 200, task: str = "", part: str = ""
) -> Call[Sought]:
    """Ids of jobs that have not ended, by task and by a part of their record; empty: any.

    Looks at about `limit` (1 to 200) records. A job may be on two pages.
    """

    def read(reply: list[Any]) -> Sought:
        return Sought(text(reply[0]), [text(one) for one in reply[2:]], reply[1])

    return bind("seek", keys, read, cursor=cursor, limit=limit, task=task, part=part)


def count(keys: QueueKeys) -> Call[dict[str, int]]:
    """How many jobs are where, and the counters; see `lua/count.lua` for the names."""

    def read(reply: list[Any]) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, number in zip(reply[::2], reply[1::2], strict=True):
            found.setdefault(text(name), int(number))  # the counter `stranded` comes behind
        return found

    return bind("count", keys, read)


def options(keys: QueueKeys, *, tasks: Sequence[str]) -> Call[list[str]]:
    """The published options of tasks, as JSON texts; empty where no worker has published any."""
    return bind("options", keys, lambda reply: [text(one) for one in reply], items=tasks)
