"""What is wrong with a server or its queues, and the cure for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamq.asking import Command
from streamq.client.server_info import make_server_info, read_info
from streamq.errors import BrokerRefused
from streamq.inspection.findings import Finding, Remark, jobs_are
from streamq.inspection.overview import queues_question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.client import ServerInfo
    from streamq.inspection.overview import QueueInfo

OLDEST = {"redis": (7, 0), "valkey": (7, 2)}
# CVE-2025-49844: who may run scripts may run anything. The releases that mended each line.
_MENDED: Mapping[str, Mapping[tuple[int, ...], tuple[int, ...]]] = {
    "redis": {(7, 2): (7, 2, 11), (7, 4): (7, 4, 6), (8, 0): (8, 0, 4), (8, 2): (8, 2, 2)},
    "valkey": {(7, 2): (7, 2, 11), (8, 0): (8, 0, 6), (8, 1): (8, 1, 4)},
}
# Numbers that Debian's and Ubuntu's packages keep when they are mended: it can't be told from here.
_FROZEN = {"redis": {(7, 0, 15), (8, 0, 2)}, "valkey": {(8, 1, 1)}}
_PACKAGED = "/usr/bin/"  # where those are; what is built or comes in an image is elsewhere
_FULL = 0.9  # of maxmemory


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A server, and what was found there."""

    info: ServerInfo
    findings: list[Finding] = field(default_factory=list)  # each with its cure
    remarks: list[Remark] = field(default_factory=list)  # worth knowing, nothing to do

    def add(self, found: Iterable[Finding | Remark]) -> None:
        """More of both."""
        for one in found:
            if isinstance(one, Finding):
                self.findings.append(one)
            else:
                self.remarks.append(one)


def server_question(app: StreamQ) -> Question[ServerReport]:
    """Look at the server and its queues; in a cluster at one of its nodes."""
    text = yield Command(("INFO",))
    try:
        config = yield Command(("CONFIG", "GET", "appendfsync"))
    except BrokerRefused:  # a managed server, or a narrow user
        config = None
    fields = read_info(text)
    info = make_server_info(fields, config)
    report = ServerReport(info)
    report.add(_of_version(info, fields.get("executable", "")))
    report.add(_of_memory(info, fields))
    report.add(_of_persistence(info, fields))
    for queue in (yield from queues_question(app)):
        report.add(_of_queue(queue))
    return report


def too_old(info: ServerInfo) -> str:
    """Why this server can't be used; empty where it can."""
    if info.version >= OLDEST[info.flavour]:
        return ""
    return f"{info.title} is too old for streamq: it needs Redis 7.0 or Valkey 7.2, or later."


def _of_version(info: ServerInfo, executable: str = "") -> Iterator[Finding | Remark]:
    if old := too_old(info):
        yield Finding("version", old, "upgrade the server")
        return
    lines = _MENDED[info.flavour]
    mended = lines.get(info.version[:2])
    if mended is None and info.version < min(lines):
        mended = lines[min(lines)]
    if mended is None or info.version >= mended:
        return
    hole = f"{info.title} as published has a hole in its scripting (CVE-2025-49844)"
    if executable.startswith(_PACKAGED) and info.version in _FROZEN[info.flavour]:
        yield Remark("version", f"{hole}; distributions mend theirs and keep the number")
    else:
        yield Finding("version", hole, f"upgrade to {'.'.join(map(str, mended))} or later")


def _of_memory(info: ServerInfo, fields: Mapping[str, str]) -> Iterator[Finding]:
    if info.maxmemory_policy not in {None, "noeviction"}:
        yield Finding(
            "eviction",
            f"maxmemory-policy is {info.maxmemory_policy}: a full server would drop jobs unseen",
            "CONFIG SET maxmemory-policy noeviction, and in its configuration file",
        )
    limit, used = _number(fields, "maxmemory"), _number(fields, "used_memory")
    if limit and used > _FULL * limit:
        yield Finding(
            "memory",
            f"{used / limit:.0%} of maxmemory is used: a full server takes no new jobs",
            "free some, raise maxmemory, or start more workers",
        )


def _of_persistence(info: ServerInfo, fields: Mapping[str, str]) -> Iterator[Finding | Remark]:
    if not info.aof:
        yield Finding(
            "persistence",
            "no append-only file: a restart of the server loses jobs",
            "CONFIG SET appendonly yes, and in its configuration file",
        )
    elif info.appendfsync == "no":
        yield Finding(
            "persistence",
            "appendfsync no: a crash of the machine loses what the kernel hasn't written",
            "CONFIG SET appendfsync everysec, or always",
        )
    elif info.appendfsync == "everysec":
        yield Remark(
            "persistence",
            "appendfsync everysec: a crash of the machine loses the last second or two",
        )
    if (
        fields.get("aof_last_write_status") == "err"
        or fields.get("rdb_last_bgsave_status") == "err"
    ):
        yield Finding(
            "persistence",
            "the server's last write to its disk failed",
            "look at its log and at the room on its disk",
        )


def _of_queue(queue: QueueInfo) -> Iterator[Finding]:
    if queue.pending and not queue.workers:
        yield Finding(
            f"queue {queue.queue}",
            f"{jobs_are(queue.pending)} pending and no worker serves it",
            f"streamq -A APP worker -Q {queue.queue}",
        )
    if queue.dead:
        yield Finding(
            f"queue {queue.queue}",
            f"{jobs_are(queue.dead)} dead",
            f"streamq inspect dead -q {queue.queue}; then streamq dead retry or delete",
        )


def _number(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "")
    return int(text) if text.isdecimal() else 0
