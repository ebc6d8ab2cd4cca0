"""`streamq inspect limits`: what limits have given, what waits for them, what is paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import inspection
from streamq.cli.documents import plain
from streamq.cli.inspect_views import View
from streamq.cli.wording import ago, since
from streamq.terminal import Column, printable, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.app import StreamQ
    from streamq.inspection import LimiterInfo
    from streamq.pausing import Pause


def all_limits(app: StreamQ, queues: list[str], limit: int) -> View:
    """The limits, and up to `limit` keys in use of each."""
    found = inspection.limiters(app, queues, limit)
    paused = [one for one in app.paused() if not queues or one.queue in queues]
    documents = [{**plain(one), "limit": {"text": str(one.limit)}} for one in found]
    text = "\n".join([_text(found), *map(_pause, paused)])
    return View(text, {"limits": documents, "paused": plain(paused)})


def _text(found: Sequence[LimiterInfo]) -> str:
    if not found:
        return "No limit is declared or published here."
    columns = [Column("LIMIT", cut=True), Column("KEY", cut=True), Column("QUEUE", cut=True)]
    columns += [Column("USED", right=True), Column("OF"), Column("WAITING", right=True)]
    columns += [Column("NEXT FREE")]
    rows = [
        [
            one.name,
            one.key,
            one.queue,
            one.used,
            str(one.limit),
            f"{one.waiting:,}{'+' if one.more_wait else ''}",
            _next(one),
        ]
        for one in found
    ]
    return table(columns, rows)


def _next(one: LimiterInfo) -> str:
    if one.next_free_seconds is None:
        return "when one ends"
    said = f"in {ago(one.next_free_seconds)}" if one.next_free_seconds > 0 else "now"
    return f"{said} (held)" if one.held else said


def _pause(pause: Pause) -> str:
    what = f"{pause.what} {pause.name} of queue" if pause.name else "queue"
    return printable(f"Paused: {what} {pause.queue}, {since(pause.since)}.")
