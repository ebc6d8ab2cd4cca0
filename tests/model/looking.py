"""All there is of a queue, in one round trip: what the audit finds, and every key the model knows.

A step costs as many turns between this process and the server as anything else, so they are few.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import redis

from streamq import operations as op
from streamq.keys import NAMES
from streamq.operations import Call, Violation
from tests.lua.rig import Rig, State, as_plain, key_type

KINDS = {name: key_type(name) for name in [*NAMES, "idem:k1", "idem:k2"]}
READ_ALL = """#!lua flags=no-writes
local read = { hash = { 'HGETALL' }, zset = { 'ZRANGE', 0, -1, 'WITHSCORES' },
  list = { 'LRANGE', 0, -1 }, stream = { 'XRANGE', '-', '+' }, string = { 'GET' } }
local found = {}
for i, key in ipairs(KEYS) do
  local how = read[ARGV[i]]
  found[i] = redis.call(how[1], key, unpack(how, 2))
end
return found"""


def violations(
    rig: Rig, structures: Sequence[str], trails: Collection[str] = ()
) -> list[Violation]:
    """What the audit finds in these, and in the trails of these jobs; they fit on a page."""
    calls = _audits(rig, structures, trails)
    return _violations(calls, _answers(rig, calls))


def look(
    rig: Rig, structures: Sequence[str], trails: Collection[str]
) -> tuple[list[Violation], State]:
    """The same, and each key with what is in it."""
    kinds = KINDS | {f"chunks:{i}": "stream" for i in trails}
    keys = [rig.keys.key(name) for name in kinds]
    calls = _audits(rig, structures, trails)
    *answers, values = _answers(rig, calls, (keys, list(kinds.values())))
    return _violations(calls, answers), {
        name: as_plain(_in_pairs(value, kind), kind)
        for (name, kind), value in zip(kinds.items(), values, strict=True)
        if value
    }


def _audits(rig: Rig, structures: Sequence[str], trails: Collection[str]) -> list[Call[Any]]:
    calls: list[Call[Any]] = [op.audit(rig.keys, structure=s, limit=200) for s in structures]
    if trails:
        said = [rig.keys.trail("chunks", job_id) for job_id in sorted(trails)]
        calls.append(op.audit_trails(rig.keys, trails=said[-200:]))
    return calls


def _violations(calls: Sequence[Call[Any]], answers: Sequence[Any]) -> list[Violation]:
    pages = [call.read(answer) for call, answer in zip(calls, answers, strict=True)]
    assert not any(page.cursor for page in pages), "more than a page of jobs"
    return [violation for page in pages for violation in page.violations]


def _answers(
    rig: Rig, calls: Sequence[Call[Any]], read: tuple[list[str], list[str]] | None = None
) -> list[Any]:
    pipe = rig.admin.pipeline(transaction=False)
    for call in calls:
        pipe.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
    if read:
        pipe.eval(READ_ALL, len(read[0]), *read[0], *read[1])
    try:
        return pipe.execute()
    except redis.exceptions.NoScriptError:
        for source in {call.script.source for call in calls}:
            rig.admin.script_load(source)
        return _answers(rig, calls, read)


def _in_pairs(value: Any, kind: str) -> Any:
    """What a script was told, as a client gives it."""
    if kind in {"list", "string"}:
        return value
    if kind == "stream":
        return [(entry, dict(zip(flat[::2], flat[1::2], strict=True))) for entry, flat in value]
    pairs = zip(value[::2], value[1::2], strict=True)
    return dict(pairs) if kind == "hash" else [(member, float(score)) for member, score in pairs]
