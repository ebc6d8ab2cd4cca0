"""The proof that nothing is lost: every structure of a queue, looked at in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from streamq.asking import CHANGED, known_queues
from streamq.operations import STRUCTURES
from streamq.operations import audit as audit_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.app import StreamQ
    from streamq.asking import Question

TellProgress: TypeAlias = Callable[[str, str, int], object]  # queue, structure, members so far


@dataclass(frozen=True, slots=True)
class QueueViolation:
    """A rule of the conservation law, broken."""

    queue: str
    rule: str
    key: str  # in which it was seen
    member: str  # job id, claim token or numbers

    def __str__(self) -> str:
        return f"{self.rule}: {self.member} in {self.key}"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit looked at, and what it found."""

    checked: Mapping[str, Mapping[str, int]]  # members, by queue and structure
    violations: list[QueueViolation] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every queue is in order."""
        return not self.violations

    @property
    def members(self) -> int:
        """How many members were looked at, in all."""
        return sum(sum(structures.values()) for structures in self.checked.values())


def audit_question(
    app: StreamQ, queue: str | None = None, progress: TellProgress | None = None
) -> Question[AuditReport]:
    """Audit one queue, or all; reads only, and may run while jobs do.

    `progress` is told the queue, the structure and how many of its members were looked at.
    """
    queues = [queue] if queue else (yield from known_queues(app))
    checked: dict[str, dict[str, int]] = {}
    violations: list[QueueViolation] = []
    for name in queues:
        checked[name] = dict.fromkeys(STRUCTURES, 0)
        for structure in STRUCTURES:
            cursor = ""
            while True:
                call = audit_page(app.keys(name), structure=structure, cursor=cursor, limit=CHANGED)
                (page,) = yield [call]
                checked[name][structure] += page.members
                violations += [
                    QueueViolation(name, one.rule, one.key, one.member) for one in page.violations
                ]
                if progress is not None:
                    progress(name, structure, checked[name][structure])
                cursor = page.cursor
                if not cursor:
                    break
    return AuditReport(checked, violations)
