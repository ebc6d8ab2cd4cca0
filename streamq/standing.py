"""Why parked jobs are parked: asked of the line, as that changes from claim to claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamq import operations
from streamq.asking import pages
from streamq.job_reading import NO_WORKER
from streamq.job_state import JobState

if TYPE_CHECKING:
    from streamq.asking import Question
    from streamq.job import JobInfo
    from streamq.keys import QueueKeys
    from streamq.operations import Standing

PAUSED = "paused"
_MAY_BE_HELD = {JobState.PARKED, JobState.WAITING}
_REASONS = {
    "r": "rate limit",
    "c": "concurrency",
    "o": "lane",  # one at a time
    "*": "lane",  # its turn has not come
    "T": PAUSED,
    "L": PAUSED,
}


def held_reason(standing: Standing) -> str:
    """What a job that has not started waits for, in a word or two; empty: for a worker."""
    return PAUSED if standing.paused else _REASONS.get(standing.gate[:1], "")


def with_reasons(keys: QueueKeys, infos: list[JobInfo]) -> Question[list[JobInfo]]:
    """The jobs, of one queue; those that are held back with what they wait for now."""
    unsaid = [one.id for one in infos if one.state in _MAY_BE_HELD and one.reason != NO_WORKER]
    reasons: dict[str, str] = {}
    for some in pages(unsaid):
        (found,) = yield [operations.standing(keys, ids=some)]
        reasons |= dict(zip(some, map(held_reason, found), strict=True))
    return [replace(one, reason=reasons.get(one.id) or one.reason) for one in infos]
