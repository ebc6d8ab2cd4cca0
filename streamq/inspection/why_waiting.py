"""Of a job that may run now: who goes first, and whether anybody is there to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import PAGE, Command
from streamq.inspection.held import pauses
from streamq.inspection.overview import counts_question
from streamq.inspection.reason import Reason
from streamq.inspection.staffing import nobody_question
from streamq.operations import page

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.overview import QueueInfo
    from streamq.job import JobInfo

COUNTED = 1000  # jobs in front that are counted; further on their number is estimated
_WAITED = {
    "released": "handed back unrun by a worker that stopped",
    "reclaimed": "taken back from a worker whose lease ran out",
    "crashed": "taken back from a worker that was killed",
    "retry": "its retry is due",
    "due": "it is due",
    "revived": "it was dead, and is to run again",
}


def why_waiting(app: StreamQ, info: JobInfo) -> Question[list[Reason]]:
    """What brought it there, what is in front of it, and what stops it."""
    queue = yield from counts_question(app, info.queue)
    said = [Reason(info.reason, _WAITED[info.reason])] if info.reason in _WAITED else []
    said += yield from pauses(app, info)
    said.append((yield from _before(app, info, queue)))
    return said + (yield from nobody_question(app, info))


def _before(app: StreamQ, info: JobInfo, queue: QueueInfo) -> Question[Reason]:
    """How many jobs go first: counted, or of a long queue estimated by when they came."""
    cursor, before = "", 0
    while before < COUNTED:
        call = page(app.keys(info.queue), place="waiting", cursor=cursor, limit=PAGE)
        (found,) = yield [call]
        if info.id in found.ids:
            before += found.ids.index(info.id)
            many = f"behind {before:,} job{'s' if before > 1 else ''}"
            return Reason("before", many if before else "next in its queue")
        before += len(found.ids)
        cursor = found.cursor
        if not cursor:  # it has moved on meanwhile
            return Reason("before", "next in its queue")
    about = yield from _estimated(app, info, queue)
    return Reason("before", f"behind about {about:,} of {queue.waiting:,} jobs that wait")


def _estimated(app: StreamQ, info: JobInfo, queue: QueueInfo) -> Question[int]:
    """Between the first and the last that wait, as if they had come evenly."""
    key = app.keys(info.queue).key("stream")
    newest = yield Command(("XREVRANGE", key, "+", "-", "COUNT", 1), key)
    last_ms = int(newest[0][0].split(b"-")[0]) if newest else queue.now_ms
    first_ms = queue.now_ms - (queue.oldest_seconds or 0.0) * 1000
    mine_ms = info.enqueued_at.timestamp() * 1000 if info.enqueued_at else last_ms
    share = (mine_ms - first_ms) / (last_ms - first_ms) if last_ms > first_ms else 1.0
    return max(COUNTED, round(min(1.0, max(0.0, share)) * (queue.waiting - 1)))
