"""Keeping and taking back leases, and what a worker says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.operations.bind import bind, text, words
from streamq.operations.settle import DEAD_CAP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call, Value

DEAD_TTL_MS = 30 * 24 * 3600 * 1000
WORKER_TTL_MS = 3600 * 1000  # how long a dead worker stays listed


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """A reclaim's reply."""

    returned: int  # jobs handed back
    poisoned: int  # jobs dead: one crash too many
    next_ms: int  # until the next lease ends; -1: there is none
    grace_ms: int  # until leases count again after a gap; 0: they do
    cancelled: int  # jobs of which that had been asked
    jobs: list[tuple[str, str]]  # of all these: id and the worker that had it


@dataclass(frozen=True, slots=True)
class Swept:
    """What had its time: outcomes, dead jobs, workers, rates."""

    results: int
    dead: int
    workers: int
    rates: int = 0  # none from an older release


def extend(
    keys: QueueKeys, *, worker: str, alive_ms: int, lease_ms: int, tokens: Sequence[str] = ()
) -> Call[list[str]]:
    """Renews claims for `lease_ms`; the worker counts as alive for `alive_ms`: OK or LEASELOST."""
    return bind(
        "extend", keys, words, items=tokens, worker=worker, alive_ms=alive_ms, lease_ms=lease_ms
    )


def reclaim(
    keys: QueueKeys, *, lease_ms: int, gap_ms: int, limit: int = 20, dead_cap: int = DEAD_CAP
) -> Call[Reclaimed]:
    """Takes back up to 16 jobs of up to `limit` (1 to 20) claims whose lease has run out.

    A pause of more than `gap_ms` between two calls gives every lease `lease_ms` of grace.
    """
    return bind(
        "reclaim",
        keys,
        _read_reclaim,
        lease_ms=lease_ms,
        gap_ms=gap_ms,
        limit=limit,
        dead_cap=dead_cap,
    )


def _read_reclaim(reply: list[Any]) -> Reclaimed:
    jobs = [(text(reply[i]), text(reply[i + 1])) for i in range(5, len(reply), 2)]
    return Reclaimed(reply[0], reply[1], reply[2], reply[3], reply[4], jobs)


def register(
    keys: QueueKeys, *, worker: str, alive_ms: int, info: str, tasks: Mapping[str, str]
) -> Call[str]:
    """Makes a worker known: `info` and each task's options are JSON texts. Again renews it."""
    items: list[Value] = [part for item in tasks.items() for part in item]
    return bind("register", keys, text, items=items, worker=worker, alive_ms=alive_ms, info=info)


def instruct(keys: QueueKeys, *, worker: str, order: str) -> Call[str]:
    """Tells a worker `quiet`, `stop` or `resume`: OK, ALREADY, or UNKNOWN where none such lives."""
    return bind("instruct", keys, text, worker=worker, order=order)


def unregister(keys: QueueKeys, *, worker: str) -> Call[bool]:
    """Forgets a worker, after it has settled all it held."""
    return bind("unregister", keys, bool, worker=worker)


def sweep(keys: QueueKeys, *, limit: int = 200, dead_ttl_ms: int = DEAD_TTL_MS) -> Call[Swept]:
    """Removes up to `limit` (1 to 1,000) of each that had its time: see `Swept`."""
    return bind(
        "sweep",
        keys,
        lambda reply: Swept(*reply),
        dead_ttl_ms=dead_ttl_ms,
        worker_ttl_ms=WORKER_TTL_MS,
        limit=limit,
    )
