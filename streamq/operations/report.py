"""What a running job says: how far it is, where it can go on from, what it logs and emits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.operations.bind import bind, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call

LOG = "log"  # trails: lines for people
CHUNKS = "chunks"  # partial results
CHILDREN = "children"  # jobs that it enqueued: `<id> <task>`
MOST_ENTRIES = {LOG: 1_000, CHUNKS: 10_000, CHILDREN: 1_000}  # that a trail keeps, the newest ones
ENTRIES_AT_ONCE = 200  # of one job in one call


@dataclass(frozen=True, slots=True)
class Said:
    """Entries of one job for one of its trails."""

    id: str
    token: str
    number: int  # of the first entry; a run counts its own from 1
    keep_ms: int  # until the trail goes, from now on
    entries: list[bytes]  # 0 to 200; none: only the time is set anew


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a trail."""

    id: str  # place in the trail: a cursor
    ms: int  # the server's clock
    run: str  # which run said it
    number: int  # of that run's entries, from 1
    value: bytes


def progress(keys: QueueKeys, *, jobs: Sequence[tuple[str, str, bytes]]) -> Call[list[str]]:
    """Keeps the progress of 1 to 200 running jobs, each (id, token, bytes): OK or LEASELOST."""
    return bind("progress", keys, words, items=[part for job in jobs for part in job])


def checkpoint(
    keys: QueueKeys, *, lease_ms: int, jobs: Sequence[tuple[str, str, bytes]]
) -> Call[list[str]]:
    """Keeps where 1 to 200 running jobs, each (id, token, bytes), can go on from: OK or LEASELOST.

    Their leases are renewed for `lease_ms`.
    """
    items = [part for job in jobs for part in job]
    return bind("checkpoint", keys, words, items=items, lease_ms=lease_ms)


def append(keys: QueueKeys, *, trail: str, jobs: Sequence[Said]) -> Call[list[str]]:
    """Adds what 1 to 200 running jobs said to their `LOG`, `CHUNKS` or `CHILDREN`: OK or LEASELOST.

    A repeat adds nothing: entries are numbered.
    """
    items = [
        part
        for one in jobs
        for part in (
            one.id,
            one.token,
            one.number,
            one.keep_ms,
            msgpack.packb(one.entries, use_bin_type=False),  # as Lua's reader knows it
        )
    ]
    trails = [keys.trail(trail, one.id) for one in jobs]
    return bind("append", keys, words, more_keys=trails, items=items, most=MOST_ENTRIES[trail])


def read_trail(reply: list[Any]) -> list[Entry]:
    """The answer to an XRANGE of a trail."""
    return [
        Entry(raw.decode(), int(raw.partition(b"-")[0]), run.decode(), int(number), value)
        for raw, (_, run, _, number, _, value) in reply
    ]
