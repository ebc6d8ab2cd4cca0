"""Whatever the bytes: a value or a DecodeError, soon, in little memory."""

from __future__ import annotations

import struct
import sys
import threading
import time
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamq.codec import Codec
from streamq.errors import DecodeError, PayloadRefused

CODEC = Codec()
EXTENSION_IN_LIST = msgpack.packb([msgpack.ExtType(1, b"\1"), 1])


def read_all_ways(body: bytes) -> None:
    """Every reader gives a value or raises DecodeError; anything else fails the test."""
    for read in (
        CODEC.decode_call,
        CODEC.decode_value,
        CODEC.decode_exception,
        CODEC.describe_exception,
    ):
        try:
            read(body)
        except DecodeError as error:
            assert str(error)  # noqa: PT017  # any value is as good as an error here


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xc1")
@example(b"\x93")
@example(EXTENSION_IN_LIST)
def test_random_bytes_never_raise_anything_else(body: bytes) -> None:
    read_all_ways(body)


def sample() -> list[bytes]:
    value = (
        [1, "text", (1, 2), {3}, Decimal("1.5"), 2**70, datetime(2024, 1, 1, tzinfo=UTC)],
        {"k": b"bytes", (1, 2): None},
    )
    failure = CODEC.encode_exception(OSError(2, "no", "file"))
    return [CODEC.encode_value(value), CODEC.encode_call(value, {"a": value}, {}), failure]


@given(
    st.sampled_from(sample()),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=4),
    st.integers(0, 400),
)
def test_damaged_bytes_never_raise_anything_else(
    body: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(body)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    read_all_ways(bytes(damaged))
    read_all_ways(bytes(damaged[:cut]))


DEEP = b"\x91" * 33 + b"\xc0"
HOSTILE = {
    "too large": (b"\x91" + msgpack.packb("x" * 2_000_000), "over the limit of 1048576"),
    "deep": (b"\x91" * 34 + b"\xc0", "nested deeper than 32"),
    "very deep": (b"\x91" * 1_000_000, "nested deeper than 32"),
    "deep maps": (b"\x91" + b"\x81\xa0" * 100_000, "nested deeper than 32"),
    "list of 4 billion": (b"\x91\xdd\xff\xff\xff\xff", "damaged|cut short"),
    "lists of 4 billion": (b"\x91" + b"\xdd\xff\xff\xff\xff" * 200, "deeper|cut short"),
    "lists of a million": (b"\xdd\x00\x0f\xff\xff" * 200_000, "deeper|cut short"),
    "map of 4 billion": (b"\x91\xdf\xff\xff\xff\xff", "damaged|cut short"),
    "text of 4 GB": (b"\x91\xdb\xff\xff\xff\xff" + b"x" * 9000, "cut short"),
    "bytes of 4 GB": (b"\x91\xc6\xff\xff\xff\xff", "damaged"),
    "extension of 4 GB": (b"\x91\xc9\xff\xff\xff\xff\x01", "damaged"),
    "reserved byte": (b"\x91\xc1" + b"\0" * 9000, "not a msgpack value"),
    "bytes behind": (b"\x91\xc0\xc0", "extra"),
    "bytes behind, large": (b"\x91\xc0" + b"\xc0" * 9000, "bytes after the end"),
    "not UTF-8": (b"\x91\xa1\xff", "utf-8"),
    "unknown extension": (b"\x91\xd4\x42\x00", "extension type 66 is not streamq's"),
    "negative extension": (b"\x91\xd4\x80\x00", "extension type -128 is not streamq's"),
    "timestamp": (b"\x91\xd6\xff\0\0\0\0", "extension type -1 is not streamq's"),
    "timestamp, long": (b"\x91\xc7\x0c\xff" + b"\0" * 12, "extension type -1"),
    "list as a key": (b"\x91\x81\x90\x01", "unhashable"),
    "dict in a set": (b"\x91\x92\xd4\x01\x02\x80", "unhashable"),
    "mark alone": (b"\x91\xd4\x01\x01", "out of its place|not a value"),
    "mark as a key": (b"\x91\x81\xd4\x01\x01\x00", "out of its place"),
    "two marks": (b"\x91\x92\xd4\x01\x01\xd4\x01\x01", "out of its place"),
    "mark of no kind": (b"\x91\x91\xd4\x01\x63", "99 is not a valid Kind"),
    "model of nothing": (b"\x91\x91\xd4\x01\x05", "damaged"),
    "model by number": (b"\x91\x93\xd4\x01\x05\x01\x80", "damaged"),
    "member of a module": (b"\x91\x93\xd4\x01\x04\xa9os:system\xa0", "not known here"),
    "registered": (b"\x91\x93\xd4\x01\x06\xa9os:system\xa2ls", "not registered here"),
    "zone outside": (b"\x91\xc7\x14\x07" + b"02024-01-01@../../etc", "no time zone"),
    "no such zone": (b"\x91\xc7\x12\x07" + b"02024-01-01@No/Way", "No time zone found"),
    "no decimal": (b"\x91\xc7\x03\x03abc", "damaged"),
    "short UUID": (b"\x91\xc7\x03\x04abc", "16-char"),
    "date of 0": (b"\x91\xc7\x03\x05abc", "isoformat"),
}


@pytest.mark.parametrize(("body", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused_soon_and_in_little_memory(body: bytes, reason: str) -> None:
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(DecodeError, match=f"(?i){reason}"):
        CODEC.decode_value(body)
    spent, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < 1
    assert peak < 20_000_000
    read_all_ways(body)


def test_depth_32_is_read() -> None:
    assert CODEC.decode_value(DEEP)


def test_too_many_containers_are_refused() -> None:
    with pytest.raises(PayloadRefused, match="110002 containers are over the limit of 100000"):
        CODEC.decode_value(b"\x91\xdd" + struct.pack(">I", 110_000) + b"\x90" * 110_000)


COLLIDING = [n * (2**61 - 1) + 2**70 * (2**61 - 1) for n in range(30_000)]


@pytest.mark.parametrize("build", [dict.fromkeys, set, list], ids=["dict", "set", "tuples"])
def test_keys_of_one_hash_are_refused_soon(build: Any) -> None:
    packed = [msgpack.ExtType(2, n.to_bytes(20, "big")) for n in COLLIDING]
    if build is dict.fromkeys:
        body = b"\x91\xdf" + struct.pack(">I", len(packed))
        body += b"".join(msgpack.packb(n) + b"\xc0" for n in packed)
    else:
        mark = msgpack.ExtType(1, b"\2")
        keys = [[msgpack.ExtType(1, b"\1"), n] for n in packed] if build is list else packed
        body = msgpack.packb([[mark, *keys]])
    started = time.monotonic()
    with pytest.raises(PayloadRefused, match="same hash"):
        CODEC.decode_value(body)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "call", [[1, {}, {}], [[], [], {}], [[], {}, None], [[], {}], [[], {1: 2}, {}], "text", 5]
)
def test_what_is_not_a_call_is_refused(call: Any) -> None:
    with pytest.raises(DecodeError, match="not a call"):
        CODEC.decode_call(msgpack.packb(call))


def test_decoding_imports_nothing_a_payload_names() -> None:
    sys.modules.pop("antigravity", None)
    for kind in (b"\x04", b"\x05", b"\x06"):
        body = b"\x91\x93\xd4\x01" + kind + msgpack.packb("antigravity:geohash") + b"\x80"
        with pytest.raises(DecodeError):
            CODEC.decode_value(body)
    record: list[Any] = ["antigravity:geohash", "m", [], {}, [], "", None]
    CODEC.decode_exception(msgpack.packb([record, "text"]))
    assert "antigravity" not in sys.modules


def test_threads_share_a_codec() -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        value = [(number, {number})] * 50
        backs = (CODEC.decode_value(CODEC.encode_value(value)) for _ in range(100))
        wrong.extend(back for back in backs if back != value)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
