"""Which keys of a queue hold what isn't streamq's: a script that met one only says that it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.client.conversation import GaveUp, deliver
from streamq.client.message import Message
from streamq.errors import DamagedQueue
from streamq.keys import type_of

if TYPE_CHECKING:
    from streamq.client.conversation import Patience
    from streamq.client.routing import Router
    from streamq.client.steps import Conversation

ADVICE = """\
Nothing was changed. Rename or delete what isn't streamq's; work goes on by itself then."""


def name_keys(
    error: DamagedQueue, failed: Message, router: Router, patience: Patience
) -> Conversation[DamagedQueue]:
    """The error with the keys named, as far as the server tells; else as it is."""
    count = int(failed.command[2])
    keys = [str(key) for key in failed.command[3 : 3 + count]]
    questions = [Message((b"TYPE", key), key) for key in keys]
    try:
        yield from deliver(questions, router, patience)
    except GaveUp:
        return error
    wrong = []
    for key, question in zip(keys, questions, strict=True):
        found = question.answer
        if isinstance(found, bytes) and found.decode() not in {"none", type_of(key)}:
            wrong.append(f"{key} holds a {found.decode()}, not a {type_of(key)}")
    if not wrong:
        return error
    return DamagedQueue(f"{str(error).partition(chr(10))[0]}\n{', '.join(wrong)}.\n{ADVICE}")
