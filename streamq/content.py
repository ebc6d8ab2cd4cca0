"""The kinds of content that a payload may have, told by its first byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.errors import PayloadRefused

if TYPE_CHECKING:
    from collections.abc import Collection

JSON = "json"
MSGPACK = "msgpack"
KINDS = (MSGPACK, JSON)  # the first is what is written where nobody says
MIME_TYPES = {
    "application/json": JSON,
    "application/x-msgpack": MSGPACK,
    "application/msgpack": MSGPACK,
}
# An array, perhaps after the white space that JSON allows.
_JSON_STARTS = frozenset((b"[", b" ", b"\t", b"\r", b"\n"))


def content_kind(given: object, what: str) -> str:
    """A kind by its name or its MIME type; raises `ValueError`."""
    name = MIME_TYPES.get(given, given) if isinstance(given, str) else given
    if name not in KINDS:
        never = "; pickle runs what a payload says, so it is never read" if name == "pickle" else ""
        raise ValueError(f"{what}={given!r}: must be one of {', '.join(KINDS)}{never}")
    return str(name)


def kind_of(body: bytes) -> str:
    """Which kind it is: msgpack unless it begins as a JSON array does."""
    return JSON if body[:1] in _JSON_STARTS else MSGPACK


def refuse_unless_accepted(body: bytes, accepted: Collection[str]) -> str:
    """Its kind; raises PayloadRefused for one that isn't accepted, having looked at one byte."""
    kind = kind_of(body)
    if kind not in accepted:
        names = " and ".join(accepted)
        raise PayloadRefused(f"content of kind {kind} is refused: accept_content takes {names}")
    return kind
