"""Round trips: what goes in comes out, with its exact types."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamq.codec import Codec

OSLO = ZoneInfo("Europe/Oslo")
CET = timezone(timedelta(hours=1), "CET")


def there_and_back(value: Any) -> Any:
    codec = Codec()
    return codec.decode_value(codec.encode_value(value))


def same(left: Any, right: Any) -> bool:
    """Equal, of equal types at every depth; NaN is the same as NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        pairs = zip(left.items(), right.items(), strict=False)
        return len(left) == len(right) and all(same(a, b) for a, b in pairs)
    if isinstance(left, (list, tuple)):
        pairs_ = zip(left, right, strict=False)
        return len(left) == len(right) and all(same(a, b) for a, b in pairs_)
    if isinstance(left, float):
        return bool(left.hex() == right.hex())
    if isinstance(left, datetime | time):
        zones = (left.tzinfo, right.tzinfo)
        is_same = left.replace(tzinfo=None) == right.replace(tzinfo=None)
        is_same = is_same and left.fold == right.fold and zones[0] == zones[1]
        return bool(is_same) and repr(zones[0]) == repr(zones[1])
    return repr(left) == repr(right) if isinstance(left, Decimal) else bool(left == right)


VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    -(10**400),
    1.5,
    -0.0,
    math.nan,
    math.inf,
    "",
    "å\x00\x1b[31m\U0001f600",
    b"",
    b"\x00\xff",
    [],
    {},
    (),
    set(),
    frozenset(),
    (1, [2, (3,)], {"a": (4,)}),
    {1: "int", None: 0, (1, 2): 3, b"b": 4, 2.5: 5, frozenset({1}): 6, True + 1: 7},
    {Decimal("1.0"), Decimal(2)},
    {frozenset({1, (2, 3)})},
    Decimal("1.10"),
    Decimal("-0"),
    Decimal("NaN"),
    Decimal("sNaN123"),
    Decimal("-Infinity"),
    Decimal("1E+1000"),
    UUID(int=2**128 - 1),
    date.min,
    date(2024, 2, 29),
    time(1, 2, 3, 4),
    time(1, 2, tzinfo=OSLO, fold=1),
    time(1, 2, tzinfo=CET),
    datetime.min,  # noqa: DTZ901  # naive ones are values too
    datetime.max,  # noqa: DTZ901
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 10, 27, 2, 30, tzinfo=OSLO, fold=0),
    datetime(2024, 10, 27, 2, 30, tzinfo=OSLO, fold=1),
    datetime(2024, 1, 1, fold=1),  # noqa: DTZ001
    datetime(2024, 1, 1, tzinfo=CET),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(0), "GMT")),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-3, seconds=7, microseconds=9))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1), "a@b#c\n")),
    timedelta.min,
    timedelta.max,
    timedelta(microseconds=-1),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_value_comes_back_as_itself(value: Any) -> None:
    assert same(there_and_back(value), value)
    assert same(there_and_back([{"k": (value,)}]), [{"k": (value,)}])


class Fixed(tzinfo):
    """A fixed offset of another library, as pytz, dateutil and pydantic have them."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(hours=2)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        return "two"


def test_fixed_offset_of_another_library_keeps_its_offset() -> None:
    back = there_and_back(datetime(2024, 1, 1, tzinfo=Fixed()))
    assert back == datetime(2024, 1, 1, tzinfo=Fixed())
    assert back.utcoffset() == timedelta(hours=2)


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.decimals()
    | st.uuids()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas()
)
keys = st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.uuids() | st.dates()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys | st.tuples(keys), inner, max_size=5)
        | st.frozensets(keys, max_size=5)
        | st.sets(keys, max_size=5)
    ),
    max_leaves=20,
)


@given(values)
def test_any_value_comes_back_as_itself(value: Any) -> None:
    assert same(there_and_back(value), value)


@given(st.lists(values, max_size=3), st.dictionaries(st.text("abc"), values, max_size=3))
def test_any_call_comes_back_as_itself(args: list[Any], kwargs: dict[str, Any]) -> None:
    codec = Codec()
    back = codec.decode_call(codec.encode_call(tuple(args), kwargs, {"queue": "low"}))
    assert same(list(back), [args, kwargs, {"queue": "low"}])


@pytest.mark.parametrize("value", [0x5B, 0x7B, "[", None, [], {}])
def test_first_byte_is_never_that_of_json(value: Any) -> None:
    assert 0x90 <= Codec().encode_value(value)[0] <= 0x9F
    assert Codec().encode_call((value,), {}, {})[0] == 0x93


def test_equal_sets_are_equal_bytes() -> None:
    words = [str(n) for n in range(100)]
    assert Codec().encode_value(set(words)) == Codec().encode_value(set(words[50:] + words[:50]))


def test_format_is_the_one_that_stored_payloads_have() -> None:
    """Bytes of earlier releases must stay readable: change readers, never this table."""
    stored = {
        "9192d4010101": (1,),
        "9192d4010201": {1},
        "91c70902010000000000000000": 2**64,
        "91d603312e3130": Decimal("1.10"),
        "91c70a05323032342d30322d3239": date(2024, 2, 29),
    }
    for text, value in stored.items():
        assert same(Codec().decode_value(bytes.fromhex(text)), value)
        assert Codec().encode_value(value).hex() == text
