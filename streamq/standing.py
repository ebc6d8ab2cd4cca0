"""Why parked jobs are parked: asked of the line, as that changes from claim to claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamq import operations
from streamq.asking import Command, pages
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
    """What a job in the line waits for, in a word or two; empty where it isn't in the line."""
    return _REASONS.get(standing.gate[:1], "")


def is_paused(keys: QueueKeys) -> Question[bool]:
    """Whether the whole queue is paused."""
    key = keys.key("limits")
    return bool((yield Command(("HEXISTS", key, "pause"), key)))


def with_reasons(keys: QueueKeys, infos: list[JobInfo]) -> Question[list[JobInfo]]:
    """The jobs, of one queue; those that are held back with what they wait for now."""
    held = [one.id for one in infos if one.state in _MAY_BE_HELD and one.reason != NO_WORKER]
    if not held:
        return infos
    if (yield from is_paused(keys)):
        reasons = dict.fromkeys(held, PAUSED)
    else:
        reasons = {}
        parked = [one.id for one in infos if one.state is JobState.PARKED and one.id in held]
        for some in pages(parked):
            (found,) = yield [operations.standing(keys, ids=some)]
            reasons |= dict(zip(some, map(held_reason, found), strict=True))
    return [replace(one, reason=reasons.get(one.id) or one.reason) for one in infos]
