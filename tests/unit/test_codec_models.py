"""Enums, dataclasses, pydantic models and registered types."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum, auto
from functools import cached_property, partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import pydantic
import pytest

from streamq.codec import Codec, TaskTypes
from streamq.errors import ConfigurationError, DecodeError, EncodeError

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]

T = TypeVar("T")


class Color(Enum):
    RED = "r"
    BLUE = "b"
    CRIMSON = "r"  # noqa: PIE796  # an alias


class Size(IntEnum):
    BIG = 1


class Word(StrEnum):
    HELLO = "hello"


class Rights(Flag):
    READ = auto()
    WRITE = auto()


class IntRights(IntFlag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 0


@dataclass
class Order:
    lines: list[Point]
    color: Color | None = None
    touched: list[str] = field(default_factory=list)
    total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.touched.append("made")  # would be there twice if it ran again

    @cached_property
    def cached(self) -> object:
        return object()


@dataclass(slots=True, kw_only=True)
class Slotted:
    a: int
    b: int = field(init=False)


@dataclass
class Box(Generic[T]):
    content: T


class Address(pydantic.BaseModel):
    street: str
    at: Point | None = None


class Customer(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str = pydantic.Field(alias="fullName")
    address: Address | None = None
    age: int = 7
    _secret: int = pydantic.PrivateAttr(default=1)

    @pydantic.field_validator("name")
    @classmethod
    def shout(cls, name: str) -> str:
        return name + "!"  # would be there twice if it ran again


class Plain:
    """A class that only registration makes sendable."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)


def task(  # noqa: PLR0917
    a: list[Order] | dict[str, Size | None],
    word: Word,
    rights: tuple[Rights, IntRights],
    slotted: Slotted,
    box: Box[Point],
    customer: Customer,
    later: Missing,
    literal: Literal[Color.RED],
) -> Point | None: ...


TYPES = TaskTypes(task, ("a", "word"))


def there_and_back(value: Any, codec: Codec | None = None, task: TaskTypes | None = TYPES) -> Any:
    codec = codec or Codec()
    return codec.decode_value(codec.encode_value(value, task), task)


def customer() -> Customer:
    made = Customer.model_validate(
        {"fullName": "Ann", "address": Address(street="x", at=Point(1)), "zip": "0150"}
    )
    made._secret = 5
    return made


def slotted(*, with_b: bool) -> Slotted:
    made = Slotted(a=1)
    if with_b:
        made.b = 2
    return made


MODELS = [
    Color.RED,
    Color.CRIMSON,
    Size.BIG,
    Word.HELLO,
    Rights.READ | Rights.WRITE,
    IntRights(7),
    Rights(0),
    Point(1, 2),
    Order([Point(1), Point(2, 3)], Color.BLUE),
    slotted(with_b=True),
    Box(Point(5)),
    Box[Point](Point(5)),
    customer(),
    {Point(1), Point(2)},
    {Color.RED: [Order([])]},
]


@pytest.mark.parametrize("value", MODELS, ids=repr)
def test_model_of_the_annotations_comes_back_as_itself(value: Any) -> None:
    back = there_and_back(value)
    assert type(back) is type(value)
    assert back == value


def test_constructors_and_validators_do_not_run_again() -> None:
    assert there_and_back(Order([])).touched == ["made"]
    back = there_and_back(customer())
    assert back.name == "Ann!"
    assert back._secret == 5
    assert back.model_extra == {"zip": "0150"}
    assert back.model_fields_set == {"name", "address", "zip"}


def test_attribute_beside_the_fields_comes_back_but_a_cached_property_does_not() -> None:
    order = Order([])
    assert order.cached
    order.note = "by hand"  # type: ignore[attr-defined]
    back = there_and_back(order)
    assert back.note == "by hand"
    assert "cached" not in vars(back)


def test_field_that_was_never_set_stays_unset() -> None:
    assert not hasattr(there_and_back(slotted(with_b=False)), "b")


def test_private_attribute_that_cannot_be_sent_gets_its_default() -> None:
    made = customer()
    made._secret = object()  # type: ignore[assignment]
    assert there_and_back(made)._secret == 1


@pytest.mark.parametrize("value", [Color.RED, Point(1), Address(street="x")], ids=repr)
def test_type_that_the_worker_would_not_know_is_refused(value: Any) -> None:
    name = f"{__name__}.{type(value).__name__}"
    with pytest.raises(EncodeError) as caught:
        Codec().encode_call((1, [value]), {}, {}, TaskTypes(lambda a, b: None, ("a", "b")))
    assert str(caught.value) == (
        f"argument 'b': {'an' if name[0] in 'aeiou' else 'a'} {name} would not be known to the"
        f" worker: annotate the parameter with {type(value).__name__},"
        f" or app.register_type({type(value).__name__})"
    )


@pytest.mark.parametrize("value", [Color.RED, Point(1), Address(street="x")], ids=repr)
def test_registered_model_needs_no_annotation(value: Any) -> None:
    codec = Codec()
    for cls in (Color, Point, Address):
        codec.register_type(cls)
    assert there_and_back([{"k": value}], codec, None) == [{"k": value}]


def test_registered_type_comes_back_also_nested_and_as_a_key() -> None:
    codec = Codec()
    codec.register_type(Plain, lambda plain: plain.value, Plain)
    value = {Plain(1): [Plain((2, Plain(3)))], "set": {Plain(4)}}
    assert there_and_back(value, codec, None) == value


def test_subclass_of_a_registered_type_is_sent_as_that_type() -> None:
    codec = Codec()
    codec.register_type(PurePath, str, Path)
    assert there_and_back(Path("/a/b"), codec, None) == Path("/a/b")


def test_failing_encode_function_is_named() -> None:
    codec = Codec()
    codec.register_type(Plain, lambda plain: plain.nothing, Plain)
    with pytest.raises(EncodeError, match=r"^result: encode function of Plain failed: Attribute"):
        codec.encode_value(Plain(1))


def test_failing_decode_function_is_a_decode_error() -> None:
    codec = Codec()
    codec.register_type(Plain, lambda plain: plain.value, lambda value: 1 / 0)
    with pytest.raises(DecodeError, match="ZeroDivisionError"):
        codec.decode_value(codec.encode_value(Plain(1)))


@pytest.mark.parametrize(
    ("cls", "ways", "message"),
    [
        (int, (str, int), "int.: it is sent as itself already"),
        (tuple, (list, tuple), "tuple.: it is sent as itself already"),
        (Plain, (None, None), "needs encode and decode"),
        (Plain, (str, None), "needs encode and decode"),
        ("Plain", (str, str), "not a class"),
    ],
)
def test_registration_that_makes_no_sense_is_refused(cls: Any, ways: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Codec().register_type(cls, *ways)


def make(name: str, **fields: Any) -> Any:
    """A dataclass as another release has it, under the name of this one."""
    cls = type(name, (), {"__annotations__": dict.fromkeys(fields, int), **fields})
    cls.__module__ = __name__
    return dataclass(cls)


def versions(old: Any, new: Any) -> tuple[TaskTypes, TaskTypes]:
    def one(value: Any) -> None: ...
    def two(value: Any) -> None: ...

    one.__annotations__["value"] = old
    two.__annotations__["value"] = new
    return TaskTypes(one), TaskTypes(two)


def test_field_added_since_gets_its_default() -> None:
    old, new = make("Thing", a=1), make("Thing", a=1, b=5)
    before, after = versions(old, new)
    back = Codec().decode_value(Codec().encode_value(old(a=3), before), after)
    assert back == new(a=3, b=5)


def test_field_removed_since_is_a_decode_error() -> None:
    old, new = make("Thing", a=1, b=5), make("Thing", a=1)
    before, after = versions(old, new)
    with pytest.raises(DecodeError, match="Thing has no field 'b' here"):
        Codec().decode_value(Codec().encode_value(old(a=3), before), after)


def test_class_that_moved_is_found_by_its_name() -> None:
    old, new = make("Thing", a=1), make("Thing", a=1)
    old.__module__ = "__main__"
    before, after = versions(old, new)
    assert Codec().decode_value(Codec().encode_value(old(a=3), before), after) == new(a=3)


def test_unknown_type_is_a_decode_error_that_imports_nothing() -> None:
    body = Codec().encode_value(Color.RED, TYPES)
    hostile = body.replace(__name__.encode(), b"x" * len(__name__))
    for task in (None, TaskTypes(lambda: None)):
        with pytest.raises(DecodeError, match="is not known here"):
            Codec().decode_value(hostile, task)


def test_member_that_is_gone_is_a_decode_error() -> None:
    body = Codec().encode_value(Color.RED, TYPES).replace(b"RED", b"RUD")
    with pytest.raises(DecodeError, match="Color has no member 'RUD' here"):
        Codec().decode_value(body, TYPES)


def test_payload_cannot_hide_a_method_of_a_model() -> None:
    order = Order([])
    vars(order)["nope"] = 1
    body = Codec().encode_value(order, TYPES)
    assert Codec().decode_value(body, TYPES).nope == 1
    long = body.replace(b"\xa4nope", b"\xa6cached")
    with pytest.raises(DecodeError, match="has an attribute 'cached' of its own"):
        Codec().decode_value(long, TYPES)


def test_types_of_callable_objects_and_partials_are_found() -> None:
    class Called:
        def __call__(self, point: Point) -> None: ...

    assert "Point" in {cls.__name__ for cls in TaskTypes(Called()).classes.values()}
    assert "Order" in {cls.__name__ for cls in TaskTypes(partial(task, [])).classes.values()}
