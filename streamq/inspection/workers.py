"""Who works: read from what workers say of themselves, never by asking them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamq.asking import Command, known_queues, scan
from streamq.job_reading import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from streamq.app import StreamQ
    from streamq.asking import Question

_LISTED = 1000  # workers of one queue


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """One worker process."""

    name: str
    alive: bool  # it has renewed itself in time, on the server's clock
    alive_until: datetime | None  # unless it renews itself; of a dead one, when it was missed
    queues: tuple[str, ...]  # that it serves
    running: int  # jobs that it holds
    details: Mapping[str, Any] = field(default_factory=dict)  # what it says of itself
    told: str = ""  # quiet or stop, by somebody elsewhere

    @property
    def knows(self) -> frozenset[str]:
        """The tasks that it can run; empty where it doesn't say."""
        names = self.details.get("knows")
        return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def workers_question(app: StreamQ) -> Question[list[WorkerInfo]]:
    """Every worker of every queue; one that ended in order is not among them."""
    seen: dict[str, WorkerInfo] = {}
    for queue in (yield from known_queues(app)):
        for worker in (yield from workers_of_queue(app, queue)):
            other = seen.get(worker.name)
            seen[worker.name] = _merged(other, worker) if other else worker
    return sorted(seen.values(), key=lambda worker: (not worker.alive, worker.name))


def workers_of_queue(app: StreamQ, queue: str) -> Question[list[WorkerInfo]]:
    """The workers of one queue, those that are not heard of any more too."""
    keys = app.keys(queue)
    key = keys.key("workers")
    reply = yield Command(("ZRANGE", key, 0, _LISTED - 1, "WITHSCORES"), key)
    if not reply:
        return []
    now = yield Command(("TIME",), key)
    now_ms = int(now[0]) * 1000 + int(now[1]) // 1000
    names = [name.decode("utf-8", "replace") for name in reply[::2]]
    until = [int(float(score)) for score in reply[1::2]]
    told = yield Command(("HMGET", keys.key("worker_info"), *names), key)
    orders = yield Command(("HMGET", keys.key("orders"), *names), key)
    running = yield from _running(app, queue)
    return [
        WorkerInfo(
            *(name, end >= now_ms, moment(end), (queue,), running[name], _details(text)),
            (order or b"").decode("utf-8", "replace"),
        )
        for name, end, text, order in zip(names, until, told, orders, strict=True)
    ]


def _running(app: StreamQ, queue: str) -> Question[Counter[str]]:
    """How many jobs each worker holds: O(claims), which running jobs bound."""
    keys = app.keys(queue)
    claims = yield from scan("HSCAN", keys.key("claims"))
    held = yield from scan("HSCAN", keys.key("held"))
    numbers = dict(zip(held[::2], held[1::2], strict=True))
    running: Counter[str] = Counter()
    for token, text in zip(claims[::2], claims[1::2], strict=True):
        running[text.partition(" ")[0]] += int(numbers.get(token, 0))
    return running


def _details(text: bytes | None) -> dict[str, Any]:
    try:
        told = json.loads(text or b"{}")
    except ValueError:  # touched by hand
        return {}
    return told if isinstance(told, dict) else {}


def _merged(one: WorkerInfo, other: WorkerInfo) -> WorkerInfo:
    return WorkerInfo(
        one.name,
        one.alive or other.alive,
        max(one.alive_until, other.alive_until)
        if one.alive_until and other.alive_until
        else one.alive_until,
        (*one.queues, *other.queues),
        one.running + other.running,
        one.details or other.details,
        one.told or other.told,
    )
