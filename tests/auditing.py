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
    for structure, first in _first_pages(admin, keys).items():
        page = first
        yield from page.violations
        while page.cursor:
            call = _audit(keys, structure, page.cursor)
            page = call.read(admin.eval(call.script.source, len(call.keys), *call.keys, *call.args))
            yield from page.violations
    yield from _of_trails(admin, keys)


def _of_trails(admin: redis.Redis, keys: QueueKeys) -> Iterator[operations.Violation]:
    """The same of what jobs said, which has a key for each."""
    node = _node(admin, keys)
    names = {key.decode() for key in node.scan_iter(match=keys.key("*"), count=1000)}
    trails = sorted(name for name in names if operations.trail_kind(name))
    for at in range(0, len(trails), _PAGE):
        call = operations.audit_trails(keys, trails=trails[at : at + _PAGE])
        reply = node.eval(call.script.source, len(call.keys), *call.keys, *call.args)
        yield from call.read(reply).violations


def _first_pages(admin: redis.Redis, keys: QueueKeys) -> dict[str, operations.AuditPage]:
    """The first page of each structure, most often the only one, in one round trip."""
    calls = {structure: _audit(keys, structure) for structure in operations.STRUCTURES}
    pipe = _node(admin, keys).pipeline(transaction=False)
    sources = {call.script.source for call in calls.values()}
    for source in sources:
        pipe.script_load(source)
    for call in calls.values():
        pipe.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
    replies = pipe.execute()[len(sources) :]
    return {
        structure: call.read(reply)
        for (structure, call), reply in zip(calls.items(), replies, strict=True)
    }


def _node(admin: redis.Redis | redis.RedisCluster, keys: QueueKeys) -> redis.Redis:
    """Of a cluster, the node that has this queue."""
    if isinstance(admin, redis.Redis):
        return admin
    node = admin.get_node_from_key(keys.key("jobs"))  # type: ignore[no-untyped-call]
    return admin.get_redis_connection(node)


def _audit(
    keys: QueueKeys, structure: str, cursor: str = ""
) -> operations.Call[operations.AuditPage]:
    return operations.audit(keys, structure=structure, cursor=cursor, limit=_PAGE)


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
