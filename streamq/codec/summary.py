"""What went wrong, in short: read off an encoded failure, without building the exception."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from streamq.codec.rebuilding import parts_of
from streamq.errors import DecodeError

_FRAME = re.compile(r'^[ |]*File "(.+)", line (\d+), in (.+)$', re.MULTILINE)
_HEAD = "Traceback (most recent call last)"
_OTHERS = ("/site-packages/", "/dist-packages/", "/lib/python", "<frozen ")
_OWN = str(Path(__file__).parents[1])  # streamq is nobody's own code
_LONGEST = 200  # characters of the message


class FailureSummary(NamedTuple):
    """Jobs with the same type and place died of the same thing."""

    type: str  # "ValueError", "shop.errors.OutOfStock"
    message: str  # its first line
    place: str  # "shop/tasks.py:12 in send": the innermost frame of the user's own code


def summary_of(body: bytes) -> FailureSummary | None:
    """Of an encoded exception; None for anything else."""
    try:
        record, trace = parts_of(body)
    except DecodeError:
        return None
    named, message = str(record[0]), str(record[1]) if len(record) > 1 else ""
    kind = named.removeprefix("builtins:").replace(":", ".")
    first = message.strip().partition("\n")[0][:_LONGEST]
    return FailureSummary(kind, first, place_of(trace))


def place_of(trace: str) -> str:
    """The innermost frame of the user's own code, else the innermost of all; empty without any.

    Of a chain the last exception counts: that is the one that the task raised.
    """
    frames = _FRAME.findall(trace[max(0, trace.rfind(_HEAD)) :])
    own = [one for one in frames if not any(it in one[0] for it in (*_OTHERS, _OWN))]
    if not frames:
        return ""
    file, line, function = (own or frames)[-1]
    return f"{'/'.join(Path(file).parts[-2:])}:{line} in {function}"
