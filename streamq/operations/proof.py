"""The proof that nothing is lost, in pages; each reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.operations.bind import bind, text
from streamq.operations.report import MOST_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call

STRUCTURES = (
    "jobs",
    "state",
    "stream",
    "pending",
    "returned",
    "stranded",
    "leases",
    "claims",
    "held",
    "scheduled",
    "dead",
    "errors",
    "progress",
    "checkpoints",
    "results",
    "results_expiry",
    "waiters",
    "unique",
    "heirs",
    "cancelling",
    *("parked", "line", "turns", "places", "gates", "lanes", "slots", "pumped", "timers"),
    *("rates", "limits"),
    "outbox",
    "schedule_state",
    "schedule_due",
    "schedule_runs",
    "schedule_held",
    "schedule_waiting",
    "totals",
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of the conservation law, broken."""

    rule: str
    key: str
    member: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of an audit."""

    cursor: str  # of the next page of this structure; empty: done
    members: int  # looked at
    violations: list[Violation]


def audit(
    keys: QueueKeys, *, structure: str, cursor: str = "", limit: int = 100
) -> Call[AuditPage]:
    """One page (1 to 200 members) of the proof that nothing is lost; one of `STRUCTURES`."""
    if structure.startswith("schedule_"):
        return audit_schedules(keys, structure=structure, cursor=cursor, limit=limit)
    return bind("audit", keys, _read_audit, structure=structure, cursor=cursor, limit=limit)


def audit_schedules(
    keys: QueueKeys, *, structure: str, cursor: str = "", limit: int = 100
) -> Call[AuditPage]:
    """As `audit`, for the structures that schedules have: its names begin with `schedule_`."""
    return bind(
        "audit_schedules", keys, _read_audit, structure=structure, cursor=cursor, limit=limit
    )


def audit_trails(keys: QueueKeys, *, trails: Sequence[str]) -> Call[AuditPage]:
    """What must hold of 1 to 200 keys of what jobs said: their logs, chunks and children."""
    most = [MOST_ENTRIES[trail_kind(trail)] for trail in trails]
    return bind("audit_trails", keys, _read_audit, more_keys=trails, items=most)


def trail_kind(key: str) -> str:
    """Which of the `MOST_ENTRIES` a key of a queue is; empty: none."""
    kind, colon, _ = key.partition("}:")[2].partition(":")
    return kind if colon and kind in MOST_ENTRIES else ""


def _read_audit(reply: list[Any]) -> AuditPage:
    found = [text(one) for one in reply[2:]]
    broken = [Violation(*found[i : i + 3]) for i in range(0, len(found), 3)]
    return AuditPage(text(reply[0]), reply[1], broken)
