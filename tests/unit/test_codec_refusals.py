"""What can't be sent is refused where it is sent, by name, type and cure."""

from __future__ import annotations

import collections
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgpack
import pytest

from streamq.codec import Codec, TaskTypes
from streamq.errors import EncodeError


class Text(str):
    __slots__ = ()


class Odd:
    pass


class Wandering(tzinfo):
    """A zone that is neither fixed nor one of zoneinfo's."""

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        return None if when is None else timedelta(hours=1)

    def dst(self, when: datetime | None) -> None:
        pass

    def tzname(self, when: datetime | None) -> None:
        pass


Pair = collections.namedtuple("Pair", "a b")  # noqa: PYI024  # the untyped one, as users have it

CAN = ": send plain data, or app.register_type"
REFUSED = [
    (Odd(), f"a {__name__}.Odd can't be sent{CAN}(Odd, encode, decode)"),
    (Text("x"), f"a {__name__}.Text can't be sent{CAN}(Text, encode, decode)"),
    (Pair(1, 2), f"a {__name__}.Pair can't be sent{CAN}(Pair, encode, decode)"),
    (collections.Counter(), f"a collections.Counter can't be sent{CAN}(Counter, encode, decode)"),
    (1j, f"a complex can't be sent{CAN}(complex, encode, decode)"),
    (object(), f"an object can't be sent{CAN}(object, encode, decode)"),
    (Odd, f"a type can't be sent{CAN}(type, encode, decode)"),
    (bytearray(b"x"), "a bytearray can't be sent: send bytes"),
    (memoryview(b"x"), "a memoryview can't be sent: send bytes"),
    (msgpack.ExtType(1, b"\1"), "a msgpack.ExtType can't be sent: send plain data"),
    (msgpack.Timestamp(1), "a msgpack.ext.Timestamp can't be sent: send plain data"),
    (
        datetime(2024, 1, 1, tzinfo=Wandering()),
        f"time zone of type {__name__}.Wandering can't be sent: use zoneinfo.ZoneInfo",
    ),
    ("a\udc80", "text with a lone surrogate, '\\udc80' at 1: send it as bytes"),
]
NESTED = [
    lambda v: v,
    lambda v: [v],
    lambda v: {"k": {"k": [v]}},
    lambda v: (1, (v,)),
    lambda v: [[(([v],),)]],
]


@pytest.mark.parametrize("wrap", NESTED)
@pytest.mark.parametrize(("value", "message"), REFUSED, ids=lambda v: type(v).__name__)
def test_refused_value_is_named_with_its_argument(value: Any, message: str, wrap: Any) -> None:
    value = wrap(value)
    message = message.replace("msgpack.ExtType", f"{msgpack.ExtType.__module__}.ExtType")
    for args, kwargs, task, where in [
        ((1, value), {}, None, "argument 2"),
        ((1, value), {}, TaskTypes(lambda a, b: None, ("a", "b")), "argument 'b'"),
        ((1,), {"c": value}, None, "argument 'c'"),
    ]:
        with pytest.raises(EncodeError) as caught:
            Codec().encode_call(args, kwargs, {}, task)
        assert str(caught.value) == f"{where}: {message}"
        assert isinstance(caught.value, TypeError)
    with pytest.raises(EncodeError) as caught:
        Codec().encode_value(value)
    assert str(caught.value) == f"result: {message}"


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_depth_32_is_sent_and_read_and_33_is_refused() -> None:
    codec = Codec()
    assert codec.decode_call(codec.encode_call((nested(32),), {}, {}))[0] == [nested(32)]
    assert codec.decode_value(codec.encode_value(nested(32))) == nested(32)
    wide = [nested(31)] * 50
    assert codec.decode_value(codec.encode_value(wide)) == wide
    for value in (nested(33), [nested(32)] * 50, nested(400), nested(5000)):
        with pytest.raises(EncodeError, match=r"^argument 1: nested deeper than 32 levels"):
            codec.encode_call((value,), {}, {})


def test_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EncodeError, match=r"argument 1: nested deeper .* or contains itself"):
        Codec().encode_call((loop,), {}, {})


def test_too_large_names_the_argument() -> None:
    codec = Codec(max_bytes=1000)
    assert codec.encode_call(("x" * 900,), {}, {})
    with pytest.raises(EncodeError, match=r"argument 1: payload of .* over the limit of 1000"):
        codec.encode_call(("x" * 1000,), {}, {})
    with pytest.raises(EncodeError, match=r"together: payload .*; the largest is argument 'b'$"):
        codec.encode_call(("x" * 400,), {"a": "x" * 100, "b": "x" * 600}, {})


def test_too_many_containers_are_refused() -> None:
    assert Codec().encode_value([[]] * 90_000)
    with pytest.raises(EncodeError, match="result: 110002 containers are over the limit"):
        Codec().encode_value([[]] * 110_000 + ["\u4e00" * 10])


def test_option_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(EncodeError, match=r"^options: an object can't be sent"):
        Codec().encode_call((), {}, {"x": object()})


def test_codec_works_on_after_a_refusal() -> None:
    codec = Codec()
    with pytest.raises(EncodeError):
        codec.encode_value([1, 2, object()])
    assert codec.decode_value(codec.encode_value([1, 2])) == [1, 2]
