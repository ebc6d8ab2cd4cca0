"""What a parked job waits for, behind whom, and about how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import Command
from streamq.inspection.reason import Reason, span
from streamq.inspection.staffing import nobody_question, stranded_question
from streamq.inspection.usual import usual_question
from streamq.job_reading import HEIR, NO_WORKER
from streamq.key_template import shown
from streamq.limits import RateLimit
from streamq.limits_in_force import limits_question
from streamq.operations import standing
from streamq.pausing import paused_question

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.job import JobInfo
    from streamq.limits import Concurrency
    from streamq.operations import Standing

_HOLDERS = 3  # of a limit that are named


def why_held(app: StreamQ, info: JobInfo) -> Question[list[Reason]]:
    """What holds it back, its place in line, and whether anybody is there to run it."""
    if info.reason == NO_WORKER:
        return [(yield from stranded_question(app, info))]
    if info.reason == HEIR:
        return [(yield from _behind_its_key(app, info))]
    ((found,),) = yield [standing(app.keys(info.queue), ids=[info.id])]
    if not found.gate:
        return [Reason("moved on", "it has moved on meanwhile")]
    said = (yield from pauses(app, info, found.gate)) or [(yield from _at_gate(app, info, found))]
    said.append(Reason("place", f"{_nth(found.place)} in line"))
    return said + (yield from nobody_question(app, info))


def pauses(app: StreamQ, info: JobInfo, gate: str = "") -> Question[list[Reason]]:
    """The pauses that hold it: of its queue, or of the task or lane that its gate names."""
    wanted = {"T": "task", "L": "lane"}.get(gate[:1], "")
    said = []
    for pause in (yield from paused_question(app, info.queue)):
        if pause.what == "queue" or (pause.what, pause.name) in {
            (wanted, shown(gate[1:])),
            ("task", info.task),
        }:
            option = f" --{pause.what} {pause.name}" if pause.name else ""
            by = f" by {pause.by}" if pause.by else ""
            since = f" since {pause.since:%Y-%m-%d %H:%M:%S} UTC" if pause.since else ""
            text = f"{pause.what} {pause.name or pause.queue!r} is paused{by}{since}"
            said.append(Reason("paused", f"{text}: streamq queue resume {info.queue}{option}"))
    return said


def _at_gate(app: StreamQ, info: JobInfo, found: Standing) -> Question[Reason]:
    name, kind = found.gate[1:], found.gate[:1]
    if kind == "r":
        return (yield from _at_rate(app, info, found))
    if kind == "c":
        return (yield from _at_concurrency(app, info, found))
    if kind == "o":
        holders = yield from _holders(app, info.queue, found.gate)
        by = f" and is held by job {holders[0]}" if holders else ""
        return Reason("lane", f"lane {shown(name)!r} runs one job at a time{by}", holders)
    return Reason("lane", "its lane's turn has not come")


def _at_rate(app: StreamQ, info: JobInfo, found: Standing) -> Question[Reason]:
    """Its limiter lets one through each interval; the jobs of its kind go in order."""
    limit = yield from _limit_of(app, info.queue, found.gate)
    first = (found.look_in_us or 0) / 1e6
    text = f"waits for rate limit {_named(found.gate, limit)}"
    if not isinstance(limit, RateLimit):
        return Reason("rate limit", f"{text}: the next may start in {span(first)}")
    seconds = first + (found.place - 1) * limit.spacing
    return Reason("rate limit", f"{text}: starts in about {span(seconds)}", seconds=seconds)


def _at_concurrency(app: StreamQ, info: JobInfo, found: Standing) -> Question[Reason]:
    """As many run as may: about how long depends on how long they take as a rule."""
    limit = yield from _limit_of(app, info.queue, found.gate)
    holders = yield from _holders(app, info.queue, found.gate)
    usual = yield from usual_question(app, info.queue, info.task)
    text = f"waits for limit {_named(found.gate, limit)}: as many run as may"
    if holders:
        text += f", {', '.join(holders)} among them"
    if usual is None or limit is None or isinstance(limit, RateLimit):
        return Reason("concurrency", text, holders)
    seconds = usual.median * found.place / limit.limit
    return Reason("concurrency", f"{text}; starts in about {span(seconds)}", holders, seconds)


def _limit_of(app: StreamQ, queue: str, gate: str) -> Question[RateLimit | Concurrency | None]:
    name = gate[1:].partition("!")[0]
    for one in (yield from limits_question(app, queue)):
        if one.name == name:
            return one.limit
    return None


def _holders(app: StreamQ, queue: str, gate: str) -> Question[tuple[str, ...]]:
    """The first jobs that occupy a limiter."""
    key = app.keys(queue).key("slots")
    low, high = f"[{gate}\0", f"({gate}\1"
    words = ("ZRANGE", key, low, high, "BYLEX", "LIMIT", 0, _HOLDERS)
    members = yield Command(words, key)
    return tuple(one.rpartition(b"\0")[2].decode("utf-8", "replace") for one in members)


def _behind_its_key(app: StreamQ, info: JobInfo) -> Question[Reason]:
    """It is the next at its unique key: found by the heirs, then by who has the key now."""
    keys = app.keys(info.queue)
    cursor = b"0"
    while True:
        key = keys.key("heirs")
        cursor, found = yield Command(("HSCAN", key, cursor.decode(), "COUNT", 500), key)
        heirs = dict(zip(found[1::2], found[::2], strict=True))
        digest = heirs.get(info.id.encode())
        if digest is not None or cursor == b"0":
            break
    holder = b""
    if digest is not None:
        holder = (yield Command(("HGET", keys.key("unique"), digest), keys.key("unique"))) or b""
    by = holder.decode("utf-8", "replace")
    text = f"waits for job {by}, which has its unique key" if by else "its unique key is taken"
    return Reason("unique", text, (by,) if by else ())


def _named(gate: str, limit: RateLimit | Concurrency | None) -> str:
    name, _, key = shown(gate[1:]).partition("!")
    of = f" ({limit})" if limit else ""
    return f"{name} for {key!r}{of}" if key else f"{name}{of}"


def _nth(place: int) -> str:
    return "next" if place == 1 else f"number {place:,}"
