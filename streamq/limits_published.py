"""What workers publish of limits, weights and ageing; what is stored of them at the server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.asking import PAGE, scan
from streamq.limit_texts import speaks_for
from streamq.limits_of import KINDS, own_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.runtime import Runtime


def stored_question(keys: QueueKeys) -> Question[dict[str, str]]:
    """Those that were published or set."""
    found: dict[str, str] = {}
    cursor = "start"
    while cursor:
        at = "" if cursor == "start" else cursor
        (page,) = yield [operations.get_limits(keys, cursor=at)]
        found |= page.values
        cursor = page.cursor
    return found


def publish_question(
    keys: QueueKeys, settings: Mapping[str, str], runtime: Runtime | None = None
) -> Question[None]:
    """Say what the code says; where that is new, what waits for it is looked at.

    What was published and this code (`runtime`) speaks for, but doesn't say any more, goes.
    """
    if runtime is not None:
        stored = yield from stored_question(keys)
        gone = [
            one for one in stored if one not in settings and speaks_for(runtime, keys.queue, one)
        ]
        settings = {**settings, **dict.fromkeys(gone, "")}
    items = list(settings.items())
    changed = 0
    for at in range(0, len(items), PAGE):
        values = dict(items[at : at + PAGE])
        changed += (yield [operations.set_limits(keys, values=values, published=True)])[0]
    if changed:
        yield from poke_question(keys, settings)


def poke_question(keys: QueueKeys, names: Iterable[str]) -> Question[None]:
    """Have claims look at what waits for these, in bounded steps."""
    for name in names:
        cursor = "start"
        while cursor:
            at = "" if cursor == "start" else cursor
            (cursor,) = yield [operations.poke(keys, definition=name, cursor=at)]


def keys_question(keys: QueueKeys) -> Question[dict[str, str | None]]:
    """The limits that workers published with tasks and queues, by name: what each is counted by.

    None: it is one count for all.
    """
    found: dict[str, str | None] = {}
    fields = yield from scan("HSCAN", keys.key("policy"))
    for owner, text in zip(fields[::2], fields[1::2], strict=True):
        for kind in KINDS:
            number = 0
            for one in _facts(text).get(kind) or ():
                number += "name" not in one
                found[one.get("name") or own_name(owner, kind, number)] = one.get("key")
    return found


def _facts(text: str) -> dict[str, Any]:
    facts = json.loads(text)
    return facts if isinstance(facts, dict) else {}
