"""What can go wrong with a command on its way, and with which command.

proxy.add(Fault(script("enqueue"), Harm.DROP_REPLY))
proxy.add(Fault(nth(3), Harm.DELAY, seconds=6))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from streamq.scripts import load
from tests.proxy_wire import Command

When = Callable[[Command], bool]


class Harm(Enum):
    """What happens to a command and its connection."""

    CLOSE_BEFORE = "closed before the server saw it"
    CUT_REQUEST = "half of it sent, then both sides closed"
    CLOSE_AFTER = "sent, and closed at once without waiting for the reply"
    DROP_REPLY = "done by the server, its reply lost, closed"
    CUT_REPLY = "done by the server, half of the reply passed on, closed"
    RESET_REPLY = "done by the server, then a TCP reset"
    REPEAT_REPLY = "done by the server, its reply passed on twice"
    SWALLOW = "done by the server, its reply lost, the connection stays open"
    DELAY = "done by the server, the reply held back for `seconds`"
    DELAY_REQUEST = "held back for `seconds` before the server sees it"
    ANSWER = "never sent; `answer` comes back instead"


@dataclass
class Fault:
    """A harm for the next `times` commands that `when` says yes to."""

    when: When
    harm: Harm
    times: int = 1
    seconds: float = 0
    answer: str = ""  # for ANSWER: an error line, e.g. "LOADING loading the dataset in memory"
    fired: int = 0  # how often it happened so far


def nth(number: int) -> When:
    """The n-th command to come through the proxy, from 1, connection set-up included."""
    return lambda command: command.number == number


def named(*names: str) -> When:
    """Commands of these names."""
    wanted = {name.upper() for name in names}
    return lambda command: command.name in wanted


def script(*names: str) -> When:
    """Calls of `lua/<name>.lua`, of any of these, by EVALSHA or EVAL."""
    shas = {load(name).sha for name in names}
    return lambda command: command.sha in shas


def any_script(command: Command) -> bool:
    """Calls of any script."""
    return command.sha is not None
