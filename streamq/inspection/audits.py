"""The proof that nothing is lost: every structure of a queue, looked at in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from streamq.asking import CHANGED, Command, known_queues, pages
from streamq.operations import STRUCTURES, audit_trails, trail_kind
from streamq.operations import audit as audit_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import AuditPage

    Note: TypeAlias = Callable[[str, AuditPage], None]

TRAILS = "trails"  # what jobs said: their logs, chunks and children
_SCAN = 1000  # keys that one step looks at

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
        checked[name] = dict.fromkeys((*STRUCTURES, TRAILS), 0)

        def note(structure: str, page: AuditPage, queue: str = name) -> None:
            checked[queue][structure] += page.members
            found = [QueueViolation(queue, it.rule, it.key, it.member) for it in page.violations]
            violations.extend(found)
            if progress is not None:
                progress(queue, structure, checked[queue][structure])

        for structure in STRUCTURES:
            yield from _structure(app.keys(name), structure, note)
        yield from _trails(app.keys(name), note)
    return AuditReport(checked, violations)


def _structure(keys: QueueKeys, structure: str, note: Note) -> Question[None]:
    cursor = ""
    while True:
        (page,) = yield [audit_page(keys, structure=structure, cursor=cursor, limit=CHANGED)]
        note(structure, page)
        cursor = page.cursor
        if not cursor:
            return


def _trails(keys: QueueKeys, note: Note) -> Question[None]:
    """What jobs said has a key for each: looked for among all keys of the queue, in steps."""
    cursor, anywhere = "0", keys.key("*")
    while True:
        words = ("SCAN", cursor, "MATCH", anywhere, "COUNT", _SCAN)
        after, found = yield Command(words, keys.key("jobs"))
        trails = sorted({key for one in found if trail_kind(key := one.decode("utf-8", "replace"))})
        for some in pages(trails, CHANGED):
            (page,) = yield [audit_trails(keys, trails=some)]
            note(TRAILS, page)
        cursor = after.decode()
        if cursor == "0":
            return
