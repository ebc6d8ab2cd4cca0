"""What a payload may be, checked on its bytes before anything is built from them.

Everything streamq writes is flat msgpack: extension values never hold further
msgpack. So one pass over the bytes sees the whole structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack

from streamq.errors import DecodeError, PayloadRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1 << 20  # of one encoded call or result
MAX_DEPTH = 32  # levels of lists, dicts, … inside one value
MAX_CONTAINERS = 100_000  # lists, dicts, extension values, … in one payload
SMALL = 8192  # bytes; below it a payload can't do harm by its number of elements

# First bytes of a container or an extension value; all others are leaves. A payload has at
# most as many containers as such bytes, wherever they stand.
_HEADERS = bytes([*range(0x80, 0xA0), *range(0xC7, 0xCA), *range(0xD4, 0xD9), *range(0xDC, 0xE0)])
_NOT_HEADERS = bytes(set(range(256)) - set(_HEADERS))

_STACK = 1024  # levels that msgpack's C reader can hold; one more is a StackError


def check(body: bytes, *, envelope: int, max_bytes: int = MAX_BYTES) -> None:
    """Raise if these bytes are over a limit or cut short; costs 0.3 µs for a plain small call.

    `envelope` is the number of levels that streamq itself put around the values.
    Raises PayloadRefused, or DecodeError.
    """
    size = len(body)
    if size <= MAX_DEPTH and size <= max_bytes:
        return  # a container has one byte at least
    if size > max_bytes:
        raise PayloadRefused(f"payload of {size} bytes is over the limit of {max_bytes}")
    headers = len(body.translate(None, _NOT_HEADERS))
    if headers <= MAX_DEPTH and size <= SMALL:
        return  # too few containers to be too deep, too few bytes to be too many
    _check_structure(body, MAX_DEPTH + envelope)
    if headers > MAX_CONTAINERS:
        count = sum(1 for _ in containers(body))
        if count > MAX_CONTAINERS:
            raise PayloadRefused(f"{count} containers are over the limit of {MAX_CONTAINERS}")


def _check_structure(body: bytes, max_depth: int) -> None:
    """Raise if the one value in `body` is too deep or incomplete: in C, building nothing.

    The C reader skips a value with a stack of fixed size. Nested lists of one element
    put in front leave it just the levels that are allowed.
    """
    padded = b"\x91" * (_STACK - max_depth) + body
    reader = msgpack.Unpacker(read_size=len(padded), max_buffer_size=len(padded))
    reader.feed(padded)
    try:
        reader.skip()
    except msgpack.StackError:
        raise PayloadRefused(f"nested deeper than {MAX_DEPTH} levels") from None
    except msgpack.OutOfData:
        raise DecodeError("cut short: the end is missing") from None
    except (ValueError, TypeError):  # msgpack.FormatError is one
        raise DecodeError("not a msgpack value") from None
    if reader.tell() != len(padded):
        raise DecodeError("bytes after the end of the value")


# How an element begins: first byte -> (bytes of its own, width of the length that follows,
# whether it is a container or an extension value, whether the length counts bytes).
_Shape = tuple[int, int, bool, bool]
_LEAF: _Shape = (1, 0, False, False)
_SHAPES: dict[int, _Shape] = dict.fromkeys(range(0x80, 0xA0), (1, 0, True, False))
_SHAPES |= {0xA0 + size: (1 + size, 0, False, False) for size in range(32)}
_SHAPES |= {0xC4 + n: (1, 1 << n, False, True) for n in range(3)}  # binary
_SHAPES |= {0xC7 + n: (2, 1 << n, True, True) for n in range(3)}  # extension
_SHAPES |= {0xCA: (5, 0, False, False), 0xCB: (9, 0, False, False)}  # float
_SHAPES |= {0xCC + n: (1 + (1 << n), 0, False, False) for n in range(4)}  # unsigned
_SHAPES |= {0xD0 + n: (1 + (1 << n), 0, False, False) for n in range(4)}  # signed
_SHAPES |= {0xD4 + n: (2 + (1 << n), 0, True, False) for n in range(5)}  # fixed extension
_SHAPES |= {0xD9 + n: (1, 1 << n, False, True) for n in range(3)}  # text
_SHAPES |= {0xDC + n: (1, 2 << (n & 1), True, False) for n in range(4)}  # list, dict


def containers(body: bytes) -> Iterator[int]:
    """Yield where each container or extension value starts, in any bytes whatever.

    Reads element by element, so it is kept for payloads that ask for it.
    """
    at = 0
    while at < len(body):
        own, width, is_container, is_sized = _SHAPES.get(body[at], _LEAF)
        if is_container:
            yield at
        length = int.from_bytes(body[at + 1 : at + 1 + width], "big") if is_sized else 0
        at += own + width + length
