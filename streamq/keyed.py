"""Idempotency keys: how they are told apart, and the job that one of them made."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from streamq.asking import Command, known_queues
from streamq.keys import queue_keys
from streamq.option_checks import SharedKey

if TYPE_CHECKING:
    from streamq.asking import Asker, Question

QUEUES_ASKED = 1000  # a bound, not a promise


def key_digest(key: str, task: str) -> str:
    """What a queue knows a key by."""
    scope = "" if isinstance(key, SharedKey) else task
    return blake2b(f"{scope}\0{key}".encode(), digest_size=16).hexdigest()


def find(
    app: Asker, key: str, task: str = "", queue: str | None = None
) -> Question[tuple[str, str] | None]:
    """The id of the job that this key made, and its queue; None where no queue knows the key."""
    digest = key_digest(key, task)
    queues = [queue] if queue else (yield from known_queues(app))[:QUEUES_ASKED]
    for name in queues:
        at = queue_keys(app.namespace, name).idempotency(digest)
        found = yield Command(("GET", at), at)
        if found:
            return found.decode().partition(" ")[0], name
    return None
