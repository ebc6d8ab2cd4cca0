"""What the settings of content, routes and annotations may be; simpler ones: `settings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from streamq.content import KINDS, content_kind
from streamq.option_checks import queue_name
from streamq.options import task_options

if TYPE_CHECKING:
    from streamq.settings import Check

Kinds: TypeAlias = tuple[str, ...]


def kinds(given: Any, what: str) -> Kinds:
    """Kinds of content, one or more; in their order."""
    several = (given,) if isinstance(given, str) else given
    if not isinstance(several, (list, tuple, set, frozenset)) or not several:
        raise TypeError(f"{what}: must be a list, as in ['json'], not {given!r}")
    ordered = sorted(several, key=str) if isinstance(several, (set, frozenset)) else several
    found = dict.fromkeys(content_kind(one, what) for one in ordered)
    if isinstance(several, (set, frozenset)):  # has no order of its own
        return tuple(one for one in KINDS if one in found)
    return tuple(found)


def names(given: Any, what: str) -> tuple[str, ...]:
    """Names of queues: a list of them, or a dict by name."""
    if isinstance(given, str) or not isinstance(given, (list, tuple, set, frozenset, Mapping)):
        raise TypeError(f"{what}: must be a list of queues' names, not {given!r}")
    return tuple(dict.fromkeys(queue_name(one, what) for one in given))


def names_text(text: str) -> list[str]:
    """Names with commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


def option(name: str) -> Check[Any]:
    """What an option of tasks may be."""

    def check(given: Any, what: str) -> Any:
        task_options({name: given}, what)
        return given

    return check
