from __future__ import annotations

import enum
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from streamq.key_template import LONGEST, KeyTemplate, kept, readers, shown
from streamq.parameters import parameters_of


class Colour(enum.Enum):
    RED = "red"


class Plan(enum.StrEnum):
    FREE = "free"


def text(source: str, **values: Any) -> str:
    return KeyTemplate(source, "key").text(values, "key")


def test_arguments_are_filled_in_by_name() -> None:
    assert text("user:{user}/{shop}", user=7, shop="oslo") == "user:7/oslo"
    assert KeyTemplate("user:{user}/{shop}/{user}", "key").names == ("user", "shop")


def test_a_key_without_arguments_is_itself() -> None:
    assert text("github") == "github"


def test_doubled_braces_are_braces() -> None:
    assert shown(text("{{{user}}}", user=1)) == "{1}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, "7"),
        (7.5, "7.5"),
        (True, "True"),
        (None, "None"),
        (Plan.FREE, "free"),
        (Colour.RED, "Colour.RED"),
        (uuid.UUID(int=5), str(uuid.UUID(int=5))),
        (Decimal("1.5"), "1.5"),
        (date(2031, 5, 1), "2031-05-01"),
    ],
)
def test_values_with_a_text_of_their_own_make_keys(value: object, expected: str) -> None:
    assert text("{it}", it=value) == expected


@pytest.mark.parametrize("value", [[1], {"a": 1}, {1}, b"raw", object(), lambda: 1])
def test_values_without_one_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"argument 'it' is .*, which makes no key; pass a string"):
        text("{it}", it=value)


def test_control_characters_are_refused_in_keys_and_in_values() -> None:
    with pytest.raises(ValueError, match="control character"):
        text("a\nb")
    with pytest.raises(ValueError, match="argument 'it' has a control character"):
        text("{it}", it="a\x00b")


@pytest.mark.parametrize("source", ["{user.id}", "{user!r}", "{user:>5}", "{user[0]}"])
def test_attributes_and_formats_are_refused_with_what_to_write(source: str) -> None:
    with pytest.raises(ValueError, match=r"the name of an argument alone; pass .*write \{user\}"):
        text(source)


@pytest.mark.parametrize("source", ["{}", "{0}"])
def test_a_number_names_no_argument(source: str) -> None:
    with pytest.raises(ValueError, match="names no argument"):
        text(source)


@pytest.mark.parametrize("source", ["{user", "user}", "a{b{c}"])
def test_single_braces_are_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"a single '[{}]'"):
        text(source)


@pytest.mark.parametrize("source", ["", 5, None])
def test_a_key_is_a_text(source: object) -> None:
    with pytest.raises((TypeError, ValueError), match="key="):
        KeyTemplate(source, "key")


def test_a_key_that_names_no_argument_is_refused_with_what_there_is() -> None:
    def send(to: str, *rest: int, body: str = "", **more: str) -> None: ...

    parameters = parameters_of(send)
    KeyTemplate("{to}/{body}", "key").check(parameters, "send", "key")
    for name in ("user", "rest", "more"):
        with pytest.raises(TypeError, match=f"no argument '{name}'; its arguments are to, body"):
            KeyTemplate(f"{{{name}}}", "key").check(parameters, "send", "key")


def test_a_key_of_a_task_without_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="tick has no argument 'user'; it has no arguments"):
        KeyTemplate("{user}", "lane").check([], "tick", "lane")


def test_arguments_are_found_by_place_by_name_and_by_default() -> None:
    def send(to: str, /, tenant: int = 3, *, urgent: str = "no") -> None: ...

    read = readers(parameters_of(send), ["to", "tenant", "urgent"])
    values = {name: one(("a", 5), {"urgent": "yes"}) for name, one in read.items()}
    assert values == {"to": "a", "tenant": 5, "urgent": "yes"}
    values = {name: one(("a",), {}) for name, one in read.items()}
    assert values == {"to": "a", "tenant": 3, "urgent": "no"}
    assert read["tenant"](("a",), {"tenant": 9}) == 9


def test_kept_keys_hold_nothing_that_scripts_split_at() -> None:
    key = kept("Ærlig talt, a=b % {c}|d")
    assert not set(key) & set(" ,=|{}\\\x00")
    assert key.isascii()
    assert shown(key) == "Ærlig talt, a=b % {c}|d"


def test_different_keys_are_kept_apart() -> None:
    assert len({kept(one) for one in ("a b", "a%20b", "a_b", "ab")}) == 4


def test_a_long_key_ends_in_its_digest() -> None:
    first, second = kept("x" * 5000 + "1"), kept("x" * 5000 + "2")
    assert first != second
    assert len(first) <= LONGEST
    assert first.startswith("x" * 80)
