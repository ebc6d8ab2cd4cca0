"""JSON: exact bytes, exact round trips, and the same bounds as msgpack."""

from __future__ import annotations

import json
import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as clock
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamq.codec import Codec
from streamq.errors import DecodeError, EncodeError, PayloadRefused


def codec() -> Codec:
    made = Codec()
    made.task_serializer = made.result_serializer = "json"
    return made


CODEC = codec()
AWARE = datetime(2026, 5, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
KEPT: list[Any] = [
    None,
    True,
    0,
    -(2**70),
    1.5,
    "",
    "ø\u2028\x00",
    [],
    {},
    [1, [2]],
    {"a": {"b": None}},
]
KEPT += [b"", b"text", b"\xff\x00", AWARE, AWARE.replace(tzinfo=None), date(2026, 5, 1)]
KEPT += [clock(9, 30, tzinfo=UTC), Decimal("1.10"), UUID(int=7), {"__type__": "x"}]


@pytest.mark.parametrize("value", KEPT, ids=repr)
def test_what_json_carries_comes_back_as_it_was(value: Any) -> None:
    back = CODEC.decode_value(CODEC.encode_value(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, None, True], "ø": 0.5}, '{"a":[1,null,true],"ø":0.5}'),
        (AWARE, '{"__type__":"datetime","__value__":"2026-05-01T09:30:00+02:00"}'),
        (date(2026, 5, 1), '{"__type__":"date","__value__":"2026-05-01"}'),
        (clock(9, 30), '{"__type__":"time","__value__":"09:30:00"}'),
        (Decimal("1.10"), '{"__type__":"decimal","__value__":"1.10"}'),
        (UUID(int=7), f'{{"__type__":"uuid","__value__":{{"hex":"{7:032x}"}}}}'),
        (b"text", '{"__type__":"bytes","__value__":"text"}'),
        (b"\xff", '{"__type__":"base64","__value__":"/w=="}'),
        ((1, (2,)), "[1,[2]]"),
        ({1: "a"}, '{"1":"a"}'),
    ],
)
def test_the_bytes_are_these(value: Any, text: str) -> None:
    assert CODEC.encode_value(value) == f"[{text}]".encode()


def test_a_call_is_three_parts_that_any_language_writes_and_reads() -> None:
    body = CODEC.encode_call((1, "x"), {"k": [2]}, {"max_attempts": 3})
    assert body == b'[[1,"x"],{"k":[2]},{"max_attempts":3}]'
    written = b' [ [1, "\\u00f8"] ,\n {"k": 2}, {} ]'
    assert CODEC.decode_call(written) == ([1, "ø"], {"k": 2}, {})
    for other in (b"[1,2]", b"[[],[],{}]", b"[{},{},{}]", b"[[],{}]"):
        with pytest.raises(DecodeError, match="not a call"):
            CODEC.decode_call(other)


class Odd:
    pass


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Odd(), "Odd can't be sent as JSON: send plain data, or task_serializer="),
        ({1, 2}, "builtins.set can't be sent as JSON"),
        (timedelta(1), "timedelta can't be sent as JSON"),
        (float("nan"), "no infinity and no NaN"),
        (float("inf"), "no infinity and no NaN"),
        ({(1, 2): 3}, "JSON has only text as keys"),
        ("a\udc80", "lone surrogate"),
        (10**5000, "ValueError"),
        ({"__type__": "date", "__value__": 1}, "alone is another type in JSON"),
    ],
    ids=lambda it: type(it).__name__,
)
def test_what_json_lacks_is_refused_by_the_arguments_name(value: Any, why: str) -> None:
    for wrapped in (value, [value], {"a": {"b": value}}):
        with pytest.raises(EncodeError) as caught:
            CODEC.encode_call((1, wrapped), {}, {})
        assert str(caught.value).startswith("argument 2: ")
        assert why in str(caught.value)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_depth_size_and_number_are_bounded_as_in_msgpack() -> None:
    assert CODEC.decode_call(CODEC.encode_call((nested(32),), {}, {}))[0] == [nested(32)]
    for value in (nested(33), nested(400), [[nested(32)]]):
        with pytest.raises(EncodeError, match="nested deeper than 32 levels"):
            CODEC.encode_call((value,), {}, {})
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(EncodeError, match="contains itself"):
        CODEC.encode_value(itself)
    with pytest.raises(EncodeError, match="over the limit of 1048576"):
        CODEC.encode_value("x" * (1 << 20))
    with pytest.raises(PayloadRefused, match="containers"):
        CODEC.decode_value(b"[[" + b"[]," * 100_001 + b"[]]]")
    brackets_in_text = "[{" * 10_000 + '"\\'
    assert CODEC.decode_value(CODEC.encode_value(brackets_in_text)) == brackets_in_text


HOSTILE = {
    "deep": b"[" * 34 + b"]" * 34,
    "very deep": b"[" * 1_000_000,
    "deep after quotes": b'["\\"' + b"[" * 50 + b'"' + b"[" * 60,
    "quotes": b"[" + b'\\"' * 500_000,
    "open text": b'["' + b"[" * 500_000,
    "too large": b'["' + b"x" * 2_000_000 + b'"]',
    "many digits": b"[" + b"9" * 1_000_000 + b"]",
    "constant": b"[NaN]",
    "infinity": b"[-Infinity]",
    "no UTF-8": b'["\xff"]',
    "UTF-16": '[["x"],{},{}]'.encode("utf-16"),
    "mark": b"\xef\xbb\xbf[1]",
    "unknown type": b'[{"__type__":"os:system","__value__":"ls"}]',
    "type of no text": b'[{"__type__":["date"],"__value__":"ls"}]',
    "bad date": b'[{"__type__":"date","__value__":"never"}]',
    "bad uuid": b'[{"__type__":"uuid","__value__":{"hex":1}}]',
    "more after it": b"[1] [2]",
    "cut": b'[[1,2],{"k"',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_refused_soon_and_in_little_memory(body: bytes) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    for read in (CODEC.decode_call, CODEC.decode_value):
        with pytest.raises(DecodeError):
            read(body)
    assert time.perf_counter() - began < 2
    assert tracemalloc.get_traced_memory()[1] < 20 * (1 << 20)
    tracemalloc.stop()


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])) | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab_"), inner),
)  # fmt: skip


@given(JSON_VALUES)
def test_any_value_of_its_types_comes_back(value: Any) -> None:
    assert CODEC.decode_value(CODEC.encode_value(value)) == value


@given(st.binary(max_size=100), st.sampled_from([b"[", b" [", b"[[1],{},{}]", b"["]))
@example(b"", b"[")
def test_any_bytes_are_a_value_or_a_decode_error(tail: bytes, head: bytes) -> None:
    for read in (CODEC.decode_call, CODEC.decode_value):
        try:
            read(head + tail)
        except DecodeError as error:
            assert str(error)  # noqa: PT017  # any value is as good as an error here


def test_content_that_is_not_accepted_is_refused_before_it_is_decoded() -> None:
    for name, other, own in [("json", "msgpack", b"\x93\xff"), ("msgpack", "json", b"[[1]")]:
        picky = Codec()
        picky.accepted = (name,)
        assert not picky.accepts(own)
        with pytest.raises(PayloadRefused, match=f"kind {other} is refused: accept_content takes"):
            picky.decode_call(own)  # damaged, so decoding it would say something else
    picky = Codec()
    picky.results_accepted = ("json",)
    assert picky.decode_call(picky.encode_call((1,), {}, {}))[0] == [1]  # a call is no result
    with pytest.raises(PayloadRefused, match="kind msgpack"):
        picky.decode_value(Codec().encode_value(1))


def test_either_kind_is_read_whatever_is_written() -> None:
    bodies = [one.encode_call((1,), {"k": "v"}, {}) for one in (Codec(), CODEC)]
    assert bodies[0] != bodies[1]
    for body in bodies:
        for reader in (Codec(), CODEC):
            assert reader.decode_call(body) == ([1], {"k": "v"}, {})
    assert json.loads(CODEC.encode_call((1,), {}, {}, None, "json")) == [[1], {}, {}]
    assert Codec().encode_call((1,), {}, {}, None, "json") == b"[[1],{},{}]"


def test_exceptions_travel_as_ever_under_json() -> None:
    error = ValueError({1, 2}, b"x")
    for reader in (Codec(), CODEC):
        back = reader.decode_exception(CODEC.encode_exception(error))
        assert (type(back), back.args) == (ValueError, error.args)
