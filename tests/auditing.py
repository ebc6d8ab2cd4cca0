"""What must hold after every test: the conservation law, and nothing left behind.

`assert_audit_clean` proves both on every queue of a server, with its own connection and the
scripts themselves, so that a broken client can't hide a broken queue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import redis

from streamq import operations
from streamq.keys import NAMES, QueueKeys, queue_keys
from tests.servers import Server

_QUEUE_KEY = re.compile(r"sq:\{([^:{}]+):([^:{}]+)\}:(.+)")
_REGISTRY = re.compile(r"sq:[^:{}]+:(queues|schedules)")
_LISTS_BY_TASK = "ended:"  # at most 1,000 summaries each; no TTL
_PAGE = 200


def assert_audit_clean(admin: redis.Redis) -> None:
    """Every queue found passes the audit, and no key is there that the data model doesn't list."""
    names = sorted(key.decode() for key in admin.scan_iter(match="*", count=1000))
    problems = [f"left behind: {name}" for name in names if _is_leak(admin, name)]
    for keys in _queues(names):
        problems += [
            f"{keys.queue}: {violation.rule}: {violation.member} in {violation.key}"
            for violation in audit_violations(admin, keys)
        ]
    assert not problems, "the audit found:\n  " + "\n  ".join(problems)


def audit_violations(admin: redis.Redis, keys: QueueKeys) -> Iterator[operations.Violation]:
    """Each rule of the conservation law that this queue breaks, from the audit script."""
    for structure in operations.STRUCTURES:
        cursor = ""
        while True:
            call = operations.audit(keys, structure=structure, cursor=cursor, limit=_PAGE)
            reply = admin.eval(call.script.source, len(call.keys), *call.keys, *call.args)
            page = call.read(reply)
            yield from page.violations
            cursor = page.cursor
            if not cursor:
                break


def assert_server_clean(server: Server) -> None:
    """`assert_audit_clean` for whatever the test left running; a dead server is not asked."""
    if server.alive:
        server.resume()  # if the test stopped it
        assert_audit_clean(server.admin)


def _queues(names: list[str]) -> list[QueueKeys]:
    found = {(match[1], match[2]) for name in names if (match := _QUEUE_KEY.fullmatch(name))}
    return [queue_keys(namespace, queue) for namespace, queue in sorted(found)]


def _is_leak(admin: redis.Redis, name: str) -> bool:
    """A key that neither the data model lists nor a TTL will take."""
    if _REGISTRY.fullmatch(name):
        return False
    match = _QUEUE_KEY.fullmatch(name)
    if match and (match[3] in NAMES or match[3].startswith(_LISTS_BY_TASK)):
        return False
    return bool(admin.ttl(name) == -1)  # -1: lives for ever; -2: gone meanwhile
