"""What dead jobs died of: read in bulk, without building their exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.codec.summary import FailureSummary, summary_of
from streamq.operations import look

if TYPE_CHECKING:
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Look


def dead_looks(keys: QueueKeys, ids: list[str]) -> Question[list[Look]]:
    """What is known of up to 200 dead jobs; damaged ones are left out."""
    if not ids:
        return []
    try:
        (seen,) = yield [look(keys, ids=ids)]
    except ValueError:
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        first = yield from dead_looks(keys, ids[:half])
        return first + (yield from dead_looks(keys, ids[half:]))
    return [one for one in seen if one.record is not None and one.state is not None]


def what_killed(died: Look) -> FailureSummary:
    """The error of a dead job; of one that left none, why it is dead."""
    summary = summary_of(died.error) if died.error else None
    reason = died.state.token if died.state else ""
    return FailureSummary(reason, "", "") if summary is None or reason == "poison" else summary
