"""Texts that are not to be shown, taken out of an encoded failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from streamq.secret import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence


def without(value: Any, hidden: Sequence[str]) -> Any:
    """Texts, lists and dicts of them, without the hidden texts; encoded bytes that hold one go."""
    if isinstance(value, str):
        for text in hidden:
            value = value.replace(text, HIDDEN)
        return value
    if isinstance(value, bytes):
        return _packed(value, hidden) if any(it.encode() in value for it in hidden) else value
    if isinstance(value, list):
        return [without(it, hidden) for it in value]
    if isinstance(value, dict):
        return {name: without(it, hidden) for name, it in value.items()}
    return value


def _packed(value: bytes, hidden: Sequence[str]) -> bytes | str:
    """An encoded text stays one; of other values nothing stays."""
    try:
        inner = msgpack.unpackb(value)
    except (ValueError, msgpack.UnpackException):
        return HIDDEN
    if not (isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], str)):
        return HIDDEN
    packed: bytes = msgpack.packb([without(inner[0], hidden)])
    return packed
