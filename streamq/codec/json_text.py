"""Payloads as JSON, for those that other languages write or read.

A body is one JSON text in UTF-8, without a byte order mark and, as written here, without spaces:

    call      [[arguments…],{keyword arguments…},{options…}]
    result    [value]

What JSON lacks is written as Celery's JSON serializer writes it, an object of exactly two keys:

    {"__type__":"datetime","__value__":"2026-05-01T09:30:00+02:00"}     also "date" and "time"
    {"__type__":"decimal","__value__":"1.10"}
    {"__type__":"uuid","__value__":{"hex":"…32 digits…"}}
    {"__type__":"bytes","__value__":"text"}, or "base64" where they are no UTF-8

A tuple becomes a list, a key that is a number its text. All else is refused.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode, b64encode
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, NoReturn

from streamq.codec import limits
from streamq.errors import DecodeError, EncodeError, PayloadRefused

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = ("__type__", "__value__")
_TAG_KEY = b'"__type__":'  # inside a text its quotes would be escaped
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # possessive: linear, whatever the bytes
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENS = frozenset(b"[{")
_TOO_DEEP = f"nested deeper than {limits.MAX_DEPTH} levels"


def write(value: Any, *, envelope: int, max_bytes: int) -> bytes:
    """The bytes of `value`; EncodeError says what in it can't be sent."""
    try:
        body = _ENCODER.encode(value).encode()
        check(body, envelope=envelope, max_bytes=max_bytes)
        if _TAG_KEY in body:
            _refuse_tags([value])
    except EncodeError:
        raise
    except DecodeError as error:  # over a limit
        raise EncodeError(str(error)) from None
    except UnicodeEncodeError as error:
        lone = f"{error.object[error.start]!r}"
        raise EncodeError(f"text with a lone surrogate, {lone}: send it as bytes") from None
    except (RecursionError, ValueError) as error:
        raise EncodeError(_why(error)) from None
    except TypeError as error:  # a key
        raise EncodeError(f"{error}: JSON has only text as keys") from None
    return body


def read(body: bytes, *, envelope: int, max_bytes: int) -> Any:
    """The value in `body`; raises DecodeError, and nothing else, for any bytes whatever."""
    try:
        check(body, envelope=envelope, max_bytes=max_bytes)
        decoder = _TAG_DECODER if _TAG_KEY[:-1] in body else _DECODER
        return decoder.decode(body.decode())
    except DecodeError:
        raise
    except Exception as error:
        raise DecodeError(f"damaged JSON: {type(error).__name__}: {str(error)[:200]}") from error


def check(body: bytes, *, envelope: int, max_bytes: int) -> None:
    """Raise PayloadRefused if these bytes are over a limit, before anything is built from them."""
    if len(body) > max_bytes:
        raise PayloadRefused(f"payload of {len(body)} bytes is over the limit of {max_bytes}")
    opening = body.count(b"[") + body.count(b"{")
    if opening <= limits.MAX_DEPTH:
        return
    brackets = _TEXT.sub(b"", body).translate(None, _NOT_BRACKETS)
    if brackets.count(b"[") + brackets.count(b"{") > limits.MAX_CONTAINERS:
        raise PayloadRefused(f"more containers than the limit of {limits.MAX_CONTAINERS}")
    depth, deepest = 0, limits.MAX_DEPTH + envelope
    for bracket in brackets:
        depth += 1 if bracket in _OPENS else -1
        if depth > deepest:
            raise PayloadRefused(_TOO_DEEP)


def _tagged(value: Any) -> Any:
    """What is written instead of a value that JSON lacks."""
    for kind, (is_one, encode) in _WRITERS.items():
        if is_one(value):
            return dict(zip(_TAG, (kind, encode(value)), strict=True))
    if isinstance(value, bytes):
        try:
            return dict(zip(_TAG, ("bytes", value.decode()), strict=True))
        except UnicodeDecodeError:
            return dict(zip(_TAG, ("base64", b64encode(value).decode()), strict=True))
    raise EncodeError(
        f"{type(value).__module__}.{type(value).__qualname__} can't be sent as JSON: "
        'send plain data, or task_serializer="msgpack" (result_serializer= for a result)'
    )


def _untagged(found: dict[str, Any]) -> Any:
    if found.keys() != set(_TAG):
        return found
    kind, value = found["__type__"], found["__value__"]
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise DecodeError(f"JSON with __type__ {str(kind)[:40]!r}: no such type")
    return reader(value)


def _refuse_tags(values: list[Any]) -> None:
    """Raise for a dict that would come back as what its two keys stand for."""
    while values:
        value = values.pop()
        if isinstance(value, dict):
            if value.keys() == set(_TAG):
                raise EncodeError("a dict of __type__ and __value__ alone is another type in JSON")
            values.extend(value.values())
        elif isinstance(value, (list, tuple)):
            values.extend(value)


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError) or "Circular" in str(error):
        return f"{_TOO_DEEP}, or contains itself"
    if "JSON compliant" in str(error):
        return "JSON has no infinity and no NaN: send None or a text"
    return f"{type(error).__name__}: {error}"


def _constant(name: str) -> NoReturn:
    raise DecodeError(f"{name} is not JSON")


def _is_of(module: str, name: str) -> Callable[[Any], bool]:
    """Whether a value is of a class, which is loaded where such values are."""

    def is_one(value: Any) -> bool:
        return module in sys.modules and isinstance(value, getattr(sys.modules[module], name))

    return is_one


def _decimal(text: str) -> Any:
    from decimal import Decimal  # noqa: PLC0415 - few payloads have one

    return Decimal(text)


def _uuid(fields: dict[str, str]) -> Any:
    from uuid import UUID  # noqa: PLC0415 - the same

    return UUID(hex=fields["hex"])


_WRITERS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any]]] = {
    "datetime": (lambda value: isinstance(value, datetime), lambda value: value.isoformat()),
    "date": (lambda value: isinstance(value, date), lambda value: value.isoformat()),
    "time": (lambda value: isinstance(value, time), lambda value: value.isoformat()),
    "decimal": (_is_of("decimal", "Decimal"), str),
    "uuid": (_is_of("uuid", "UUID"), lambda value: {"hex": value.hex}),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": lambda text: datetime.fromisoformat(text).date(),
    "time": time.fromisoformat,
    "decimal": _decimal,
    "uuid": _uuid,
    "bytes": lambda text: text.encode(),
    "base64": lambda text: b64decode(text, validate=True),
}
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_tagged
)
_DECODER = json.JSONDecoder(parse_constant=_constant)
_TAG_DECODER = json.JSONDecoder(parse_constant=_constant, object_hook=_untagged)
