"""Jobs that are one of a kind: `unique=True`, or `Unique(by=("user_id",))`, and `debounce=2.0`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

UniqueState: TypeAlias = Literal["scheduled", "waiting", "running"]
OnConflict: TypeAlias = Literal["return", "replace", "raise", "queue_one"]

STATES: tuple[UniqueState, ...] = get_args(UniqueState)
ON_CONFLICT: tuple[OnConflict, ...] = get_args(OnConflict)
NO_QUIET = "max_wait= bounds how long a debounced job waits; say debounce=2.0 (seconds), too"


@dataclass(frozen=True, slots=True)
class Unique:
    """At most one job of a task with the same arguments is alive in its queue at a time.

    `by` names the arguments that make two calls the same; None: all of them, `()`: none, so there
    is one job of the task. `while_` says in which states a job keeps others out; a retry that waits
    for its time is scheduled, a parked job is waiting. `on_conflict`: the call gets the job that is
    there (`return`), becomes what that job will run (`replace`, where it has not started),
    raises `JobExists`, or waits for its end (`queue_one`: the newest call only).
    Raises `TypeError` and `ValueError`.
    """

    by: tuple[str, ...] | None = None
    while_: tuple[UniqueState, ...] = STATES
    on_conflict: OnConflict = "return"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", _names(self.by, "by"))
        states = _names(self.while_, "while_") or ()
        wrong = [one for one in states if one not in STATES]
        if wrong or not states:
            said = f"{wrong[0]!r} is none" if wrong else "names no state"
            raise ValueError(f"Unique(while_=…) {said}; there are {', '.join(STATES)}")
        object.__setattr__(self, "while_", tuple(one for one in STATES if one in states))
        if self.on_conflict not in ON_CONFLICT:
            raise ValueError(
                f"Unique(on_conflict={self.on_conflict!r}): must be one of {', '.join(ON_CONFLICT)}"
            )
        needed = {"queue_one": "running", "replace": "scheduled waiting"}.get(self.on_conflict, "")
        if needed and not set(needed.split()) & set(self.while_):
            raise ValueError(
                f"Unique(on_conflict={self.on_conflict!r}): is about jobs that are "
                f"{' or '.join(needed.split())}; name that in while_="
            )

    @property
    def letters(self) -> str:
        """The states as scripts name them."""
        return "".join(one[0] for one in self.while_)

    def as_json(self) -> dict[str, Any]:
        """As it is published."""
        by = None if self.by is None else list(self.by)
        return {"by": by, "while_": list(self.while_), "on_conflict": self.on_conflict}


def unique_option(given: object) -> Unique | Literal[False]:
    """What `unique=` may be: True, False (a call's own: not unique), `Unique(…)`, or its JSON."""
    if isinstance(given, bool):
        return Unique() if given else False
    if isinstance(given, Unique):
        return given
    known = {"by", "while_", "on_conflict"}
    if isinstance(given, dict) and given.keys() >= known:  # published, perhaps by a newer release
        return Unique(**{name: value for name, value in given.items() if name in known})
    raise TypeError(
        f"unique={given!r}: must be True, or Unique(by=('user_id',)) for some of the arguments"
    )


def debounced(unique: Unique | Literal[False] | None) -> Unique:
    """What holds for a task with `debounce=`, where nothing that was called may be lost.

    Without a `Unique` of its own a call is merged into a job that has not started.
    """
    if not unique:
        return Unique(while_=("scheduled", "waiting"), on_conflict="replace")
    return replace(unique, on_conflict="queue_one") if unique.on_conflict == "return" else unique


def check_debounce(said: Mapping[str, Any], where: str) -> None:
    """Refuse what contradicts itself among the options of a task or a call."""
    quiet, longest = said.get("debounce"), said.get("max_wait")
    if longest is not None and quiet and longest < quiet:
        raise ValueError(
            f"{where}: max_wait={longest:g} is less than debounce={quiet:g}; "
            "it bounds the whole wait, from the first call on"
        )
    when = next((name for name in ("countdown", "eta") if said.get(name) is not None), None)
    if quiet and when:
        raise TypeError(f"{where}: debounce= and {when}= both say when; give one of them")
    unique = said.get("unique")
    if quiet and isinstance(unique, Unique) and unique.on_conflict == "raise":
        raise TypeError(
            f"{where}: debounce= lets the last call win, on_conflict='raise' refuses it; "
            "leave one of them out"
        )
    if quiet and isinstance(unique, Unique) and "scheduled" not in unique.while_:
        raise TypeError(
            f"{where}: with debounce= a job is scheduled until there is quiet; "
            f"name that in while_=('scheduled', {', '.join(map(repr, unique.while_))})"
        )


def _names(given: object, what: str) -> tuple[str, ...] | None:
    if given is None and what == "by":
        return None
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, (tuple, list, set, frozenset)):
        raise TypeError(f"Unique({what}={given!r}): must be names, as in {what}=('user_id',)")
    for one in given:
        if not isinstance(one, str):
            raise TypeError(f"Unique({what}=…): {one!r} is not a name")
    names = sorted(given) if isinstance(given, (set, frozenset)) else given
    return cast("tuple[str, ...]", tuple(dict.fromkeys(names)))
