"""What a parked job waits for, and behind whom, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.key_template import shown
from streamq.operations import count, standing
from streamq.standing import is_paused

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.job import JobInfo
    from streamq.operations import Standing


def why_held(app: StreamQ, info: JobInfo) -> Question[str]:
    """What holds it back, its place in line, and whether anybody is there to run it."""
    keys = app.keys(info.queue)
    ((found,), queue) = yield [standing(keys, ids=[info.id]), count(keys)]
    if not found.gate:
        return "it has moved on meanwhile"
    stopped = _stopped(found, info.queue)
    if (yield from is_paused(keys)):
        stopped = f"queue {info.queue!r} is paused: streamq queue resume {info.queue}"
    said = [stopped, f"{_nth(found.place)} in line"]
    if not queue["workers"]:
        said.append(f"no worker serves queue {info.queue!r} now")
    return "; ".join(said)


def _stopped(found: Standing, queue: str) -> str:
    """What it waits for."""
    name = shown(found.gate[1:])
    said = {
        "T": f"task {name} is paused: streamq queue resume {queue} --task {name}",
        "L": f"lane {name!r} is paused: streamq queue resume {queue} --lane {name}",
        "r": f"waits for rate limit {_limit(name)}{_when(found)}",
        "c": f"waits for one of {_limit(name)} to end: as many run as may at once",
        "o": f"lane {name!r} runs one job at a time, in order",
    }
    return said.get(found.gate[:1], "its lane's turn has not come")


def _limit(name: str) -> str:
    name, _, key = name.partition("!")
    return f"{name} for {key!r}" if key else name


def _when(found: Standing) -> str:
    if found.look_in_us is None:
        return ""
    return f": the next may start in {found.look_in_us / 1e6:.1f} s"


def _nth(place: int) -> str:
    return "next" if place == 1 else f"number {place:,}"
