"""What people do to jobs from outside. Each answers per job: OK, or why it was left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.operations.bind import bind, words
from streamq.operations.report import MOST_ENTRIES
from streamq.operations.settle import RESULTS_CAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call


def cancel(
    keys: QueueKeys,
    *,
    ids: Sequence[str],
    result_ttl_ms: int,
    results_cap: int = RESULTS_CAP,
    tell: bool = True,
) -> Call[list[str]]:
    """Ends 1 to 200 jobs that have not started, and asks for the end of those that run.

    OK (cancelled, now or before), ASKED, DEAD, ENDED or UNKNOWN. Without `tell` a running job's
    worker isn't told to end it: it goes on, but doesn't run again.
    """
    return bind(
        "cancel",
        keys,
        words,
        items=ids,
        result_ttl_ms=result_ttl_ms,
        results_cap=results_cap,
        is_told=int(tell),
    )


def revive(keys: QueueKeys, *, ids: Sequence[str]) -> Call[list[str]]:
    """Lets 1 to 200 dead jobs run again from the start: OK, or ENDED where there is no such one."""
    return bind("revive", keys, words, items=ids)


def delete(keys: QueueKeys, *, ids: Sequence[str]) -> Call[list[str]]:
    """Deletes 1 to 200 dead jobs for good: OK, or ENDED where there is no such one."""
    return bind("delete", keys, words, more_keys=_trails(keys, ids), items=ids)


def forget(keys: QueueKeys, *, ids: Sequence[str]) -> Call[int]:
    """Removes the kept outcomes of 1 to 200 jobs, and what they said; how many there were."""
    return bind("forget", keys, int, more_keys=_trails(keys, ids), items=ids)


def _trails(keys: QueueKeys, ids: Sequence[str]) -> list[str]:
    return [keys.trail(kind, job_id) for job_id in ids for kind in MOST_ENTRIES]
