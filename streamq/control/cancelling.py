"""Cancelling jobs: by their ids, and finding those of a task, a tag or a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import PAGE, known_queues
from streamq.cancellation import cancellation
from streamq.control.acting import for_each
from streamq.errors import DecodeError
from streamq.operations import cancel, look, seek
from streamq.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.cancellation import Cancellation
    from streamq.keys import QueueKeys
    from streamq.operations import Call

_AT_ONCE = 20  # whole records, which may be large


def cancel_question(
    app: StreamQ, ids: Iterable[str], progress: Callable[[int], object] | None = None
) -> Question[dict[str, Cancellation]]:
    """Cancel jobs; what became of each, by id.

    What waits, is scheduled or parked is gone at once; what runs is asked to end (`ASKED`), which
    its worker sees to within 2 s; what is dead or has ended is left alone. Again it gives the same
    answers and changes nothing. `progress` is told how many are done. Raises `UnknownJob` for
    what is no job id, before anything is changed.
    """
    ttl_ms = int(app.conf.result_ttl * 1000)

    def describe(keys: QueueKeys, some: list[str]) -> Call[list[str]]:
        return cancel(keys, ids=some, result_ttl_ms=ttl_ms)

    answers = yield from for_each(app, ids, describe, progress, cancellation)
    tell("cancel", sum(map(bool, answers.values())), asked=len(answers))
    return answers


def find_pending_question(
    app: StreamQ,
    *,
    queue: str | None = None,
    task: str | None = None,
    tag: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> Question[list[str]]:
    """The ids of jobs that have not ended and are not dead: of a queue, a task, with a tag.

    All that is given must fit. Every job's record is looked at, 200 in a call; `progress` is told
    how many that were. What is enqueued meanwhile may be left out.
    """
    found: dict[str, None] = {}
    looked_at = 0
    for name in [queue] if queue else (yield from known_queues(app)):
        keys, cursor = app.keys(name), ""
        while True:
            step = seek(keys, cursor=cursor, limit=PAGE, task=task or "", part=_plain(tag))
            (some,) = yield [step]
            ids = some.ids
            if tag is not None and ids:
                ids = yield from _tagged(app, keys, ids, tag)
            found.update(dict.fromkeys(ids))
            looked_at += some.looked_at
            if progress is not None:
                progress(looked_at)
            cursor = some.cursor
            if not cursor:
                break
    return list(found)


def _plain(tag: str | None) -> str:
    """A tag's bytes as they stand in every record that has it; empty where JSON may escape some."""
    is_plain = tag is not None and tag.isascii() and tag.isprintable() and not {*'"\\'} & {*tag}
    return tag if tag and is_plain else ""


def _tagged(app: StreamQ, keys: QueueKeys, ids: list[str], tag: str) -> Question[list[str]]:
    """Those that have the tag: its text may stand elsewhere in their records."""
    fitting = []
    for at in range(0, len(ids), _AT_ONCE):
        try:
            (seen,) = yield [look(keys, ids=ids[at : at + _AT_ONCE])]
        except ValueError:  # a damaged one is among them: each by itself
            seen = []
            for one in ids[at : at + _AT_ONCE]:
                try:
                    seen += (yield [look(keys, ids=[one])])[0]
                except ValueError:
                    continue
        fitting += [one.id for one in seen if one.record and tag in _tags(app, one.record.body)]
    return fitting


def _tags(app: StreamQ, body: bytes) -> list[str]:
    try:
        tags = app.codec.decode_call(body)[2].get("tags", ())
    except DecodeError:
        return []
    return list(tags) if isinstance(tags, (list, tuple)) else []
