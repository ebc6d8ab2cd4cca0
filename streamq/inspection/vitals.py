"""Is a worker doing its work? Read from the server: what waits, and what workers say of themselves.

Red is only what this worker could change: jobs that it could run wait, it has room, and it claims
none; or what any worker does in passing (moving due jobs, taking back lapsed claims, bringing jobs
to other queues) is long overdue. A paused queue, a full limit and a worker without room are green.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.asking import Command, ask, ask_async, known_queues
from streamq.inspection.asleep import refuse_asleep
from streamq.inspection.workers import workers_question
from streamq.keys import PULSE_MS
from streamq.operations import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.workers import WorkerInfo
    from streamq.keys import QueueKeys

PATIENCE_S = 30.0
_AGAIN_S = 1.0  # what is red at one look may only have begun: it is looked at twice
_HOLD_MS = 100 * 366 * 86_400_000  # jobs that wait for another one are due after that


@dataclass(frozen=True, slots=True)
class Health:
    """What was found; `ok` where there is nothing to say."""

    problems: list[str]  # one line each
    workers: list[str]  # that were looked at

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Overdue:
    """What of a queue should have been done so long ago, in seconds; 0: nothing."""

    waiting: float  # the next job could start
    parked: float  # so could one in the line
    scheduled: float  # jobs are due
    lapsed: float  # claims lost their lease
    outbox: float  # jobs are for other queues
    ticks: float  # a schedule of the application is due


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a worker last said of one queue."""

    age: float  # seconds ago
    room: int  # jobs that it could start
    idle: float  # seconds since a claim brought any


def health(
    app: StreamQ,
    *,
    mine: Callable[[WorkerInfo], bool] | None = None,
    queues: list[str] | None = None,
    patience: float = PATIENCE_S,
) -> Health:
    """Whether workers claim what waits; `mine` picks those to look at (None: all alive).

    `patience`: how many seconds jobs may wait before that is a problem. What is wrong is looked at
    twice, a second apart.
    """
    refuse_asleep(app)
    found = ask(app, health_question(app, mine, queues, patience))
    if not found.ok:
        time.sleep(_AGAIN_S)
        found = ask(app, health_question(app, mine, queues, patience))
    return found


async def ahealth(
    app: StreamQ,
    *,
    mine: Callable[[WorkerInfo], bool] | None = None,
    queues: list[str] | None = None,
    patience: float = PATIENCE_S,
) -> Health:
    """As `health`, for async code."""
    refuse_asleep(app)
    found = await ask_async(app, health_question(app, mine, queues, patience))
    if not found.ok:
        await asyncio.sleep(_AGAIN_S)
        found = await ask_async(app, health_question(app, mine, queues, patience))
    return found


def health_question(
    app: StreamQ,
    mine: Callable[[WorkerInfo], bool] | None = None,
    queues: list[str] | None = None,
    patience: float = PATIENCE_S,
) -> Question[Health]:
    """One look."""
    listed = yield from workers_question(app)
    chosen = [worker for worker in listed if worker.alive and (mine is None or mine(worker))]
    problems: list[str] = []
    served = {queue for worker in chosen for queue in worker.queues}
    if mine is not None and not chosen:
        problems.append("no such worker is alive")
    known = yield from known_queues(app)
    for queue in known:
        if (queues and queue not in queues) or (mine is not None and queue not in served):
            continue
        overdue = yield from _overdue(app, queue, patience)
        if overdue is None:
            continue
        if not any(queue in worker.queues for worker in chosen):
            problems += _unserved(queue, overdue)
        problems += _left_undone(queue, overdue)
        if overdue.waiting or overdue.parked:
            for worker in chosen:
                if queue in worker.queues:
                    pulse = yield from _pulse(app, queue, worker.name)
                    problems += _idle(worker.name, queue, overdue, pulse, patience)
    return Health(problems, [worker.name for worker in chosen])


def _unserved(queue: str, overdue: Overdue) -> Iterator[str]:
    if longest := max(overdue.waiting, overdue.parked):
        yield f"jobs of {queue} could have started {_s(longest)} ago, and no worker serves it"


def _left_undone(queue: str, overdue: Overdue) -> Iterator[str]:
    for seconds, what in (
        (overdue.scheduled, "scheduled jobs are due, and not moved"),
        (overdue.lapsed, "a lease has run out, and its jobs are not taken back"),
        (overdue.outbox, "jobs for other queues stand in the outbox"),
        (overdue.ticks, "a schedule is due, and makes no job"),
    ):
        if seconds:
            yield f"queue {queue}: {what}, for {_s(seconds)}"


def _idle(
    worker: str, queue: str, overdue: Overdue, pulse: Pulse | None, patience: float
) -> Iterator[str]:
    longest = max(overdue.waiting, overdue.parked)
    if pulse is None or pulse.age > patience:
        ago = "never" if pulse is None else f"not for {_s(pulse.age)}"
        yield f"{worker}: has {ago} said a word, while jobs of {queue} wait ({_s(longest)})"
    elif pulse.room > 0 and pulse.idle + pulse.age > patience:
        yield (
            f"{worker}: has claimed no job of {queue} for {_s(pulse.idle + pulse.age)}, has room "
            f"for {pulse.room}, and jobs wait ({_s(longest)})"
        )


def _s(seconds: float) -> str:
    return f"{seconds:.0f} s"


def _pulse(app: StreamQ, queue: str, worker: str) -> Question[Pulse | None]:
    key = app.keys(queue).pulse(worker)
    told = yield Command(("GET", key), key)
    left_ms = yield Command(("PTTL", key), key)
    try:
        facts: dict[str, Any] = json.loads(told or b"{}")
        return Pulse((PULSE_MS - left_ms) / 1000, int(facts["room"]), float(facts["idle"]))
    except (ValueError, KeyError, TypeError):
        return None


def _tick(app: StreamQ, keys: QueueKeys, now_ms: int) -> Question[float]:
    """Since when the first schedule of this application is due; other applications' we can't fire.

    A score of 0 is no time: that one is to be aimed yet.
    """
    due = keys.key("schedule_due")
    words = ("ZRANGE", due, 1, now_ms, "BYSCORE", "LIMIT", 0, 100, "WITHSCORES")
    reply = yield Command(words, due)
    ours = f"{app.name}/".encode()
    times = [
        float(at) for name, at in zip(reply[::2], reply[1::2], strict=True) if name.startswith(ours)
    ]
    return (now_ms - times[0]) / 1000 if times else 0.0


def _overdue(app: StreamQ, queue: str, patience: float) -> Question[Overdue | None]:
    """None: it is paused."""
    keys = app.keys(queue)
    (seen,) = yield [count(keys)]
    now_ms = seen["now_ms"]
    limits, gates, line = keys.key("limits"), keys.key("gates"), keys.key("outbox")
    if (yield Command(("HGET", limits, "pause"), limits)):
        return None
    heads = {}
    for name in ("scheduled", "leases"):
        key = keys.key(name)
        reply = yield Command(("ZRANGE", key, 0, 0, "WITHSCORES"), key)
        heads[name] = (now_ms - float(reply[1])) / 1000 if reply else 0.0
    until = int((now_ms - patience * 1000) * 1000)
    open_gates = yield Command(("ZRANGE", gates, 0, until, "BYSCORE", "LIMIT", 0, 5), gates)
    could = any(gate[:1] != b"!" for gate in open_gates) and seen["parked"] > 0
    sent = yield Command(("XRANGE", line, "-", "+", "COUNT", 1), line)
    outbox = (now_ms - int(sent[0][0].partition(b"-")[0])) / 1000 if sent else 0.0
    rows = (
        seen["oldest_ms"] / 1000 if seen["waiting"] else 0.0,
        patience if could else 0.0,
        heads["scheduled"] if heads["scheduled"] < _HOLD_MS / 1000 else 0.0,
        heads["leases"],
        outbox,
        (yield from _tick(app, keys, now_ms)),
    )
    return Overdue(*(seconds if seconds >= patience else 0.0 for seconds in rows))
