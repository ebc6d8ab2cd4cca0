"""The binder agrees with Python about every call, and says what is wrong in a person's words."""

from __future__ import annotations

import functools
import inspect
import re
import timeit
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamq.errors import ConfigurationError
from streamq.signature import Binder, fits, parameter_names


def add(x: int, y: int) -> int:
    return x + y


def every(a: Any, b: Any = 1, /, c: Any = 2, *rest: Any, d: Any, e: Any = 3, **others: Any) -> None:
    """Every kind of parameter."""


def only_keywords(*, a: Any, b: str = "x" * 100) -> None: ...
def nothing() -> None: ...
def positional(a: Any, /) -> None: ...
async def later(x: int, y: int = 0) -> None: ...


class Called:
    def __call__(self, x: int) -> None: ...

    def method(self, x: int) -> None: ...


@functools.wraps(add)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return add(*args, **kwargs)


FUNCTIONS = [
    add,
    every,
    only_keywords,
    nothing,
    positional,
    later,
    wrapped,
    Called(),
    Called().method,
    functools.partial(add, 1),
    lambda x, *y: None,
]


@pytest.mark.parametrize("func", FUNCTIONS, ids=lambda func: re.sub(r" at 0x\w+", "", repr(func)))
@given(
    args=st.lists(st.integers(), max_size=4),
    kwargs=st.dictionaries(st.sampled_from("abcdexyz"), st.integers(), max_size=4),
)
def test_binder_takes_what_python_takes(func: Any, args: list[int], kwargs: dict[str, int]) -> None:
    try:
        done = func(*args, **kwargs)
        expected = True
        if inspect.iscoroutine(done):
            done.close()
    except TypeError:
        expected = False
    binder = Binder(func, "shop.task")
    misfit = binder.misfit(args, kwargs)
    assert (misfit is None) is expected
    assert "twin" not in (misfit or "")
    if expected:
        assert binder.bind(tuple(args), kwargs) == (tuple(args), kwargs)


@pytest.mark.parametrize(
    ("func", "args", "kwargs", "message"),
    [
        (add, (1,), {}, "shop.task(x: int, y: int): missing a required argument: 'y'"),
        (
            add,
            (1, 2, 3),
            {},
            "shop.task(x: int, y: int): too many positional arguments: 3 given, 2 taken",
        ),
        (add, (1, 2), {"y": 3}, "shop.task(x: int, y: int): multiple values for argument 'y'"),
        (
            add,
            (1, 2),
            {"z": 3},
            "shop.task(x: int, y: int): got an unexpected keyword argument 'z'",
        ),
        (
            positional,
            (),
            {"a": 1},
            "shop.task(a: Any, /): 'a' is positional-only, but was given by name",
        ),
        (
            only_keywords,
            (),
            {},
            "shop.task(*, a: Any, b: str = ...): missing a required argument: 'a'",
        ),
        (nothing, (1,), {}, "shop.task(): too many positional arguments: 1 given, 0 taken"),
        (later, (), {}, "shop.task(x: int, y: int = 0): missing a required argument: 'x'"),
        (
            every,
            (1,),
            {},
            (
                "shop.task(a: Any, b: Any = 1, /, c: Any = 2, *rest: Any, d: Any, e: Any = 3,"
                " **others: Any): missing a required argument: 'd'"
            ),
        ),
    ],
)
def test_refusal_names_task_signature_and_fault(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError) as caught:
        Binder(func, "shop.task").bind(args, kwargs)
    assert str(caught.value) == message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_names_that_are_no_text_are_refused() -> None:
    odd: Any = {1: 2}
    with pytest.raises(TypeError, match="keywords must be strings"):
        Binder(every, "shop.task").bind((1,), {"d": 1} | odd)


def test_bound_task_is_called_without_its_job() -> None:
    def bound(job: Any, x: int) -> None: ...
    def positional_job(job: Any, x: int, /, y: int) -> None: ...
    def any_number(*args: Any) -> None: ...

    assert Binder(bound, "t", bound=True).signature == "t(x: int)"
    assert Binder(bound, "t", bound=True).misfit((1,), {}) is None
    assert Binder(positional_job, "t", bound=True).signature == "t(x: int, /, y: int)"
    assert Binder(any_number, "t", bound=True).misfit((1, 2), {}) is None
    assert parameter_names(bound, bound=True) == ("x",)
    for func in (nothing, only_keywords):
        with pytest.raises(ConfigurationError, match="bind=True needs a first parameter"):
            Binder(func, "t", bound=True)


def test_parameter_names_are_those_given_by_position() -> None:
    assert parameter_names(every) == ("a", "b", "c")
    assert parameter_names(add) == ("x", "y")


def test_arguments_that_no_longer_fit_are_explained() -> None:
    assert fits(add, [1, 2], {}) is None
    assert fits(add, [1], {}) == "add(x: int, y: int): missing a required argument: 'y'"


def test_what_has_no_signature_cannot_be_a_task() -> None:
    with pytest.raises(ConfigurationError, match="can't be a task"):
        Binder(5, "t")  # type: ignore[arg-type]


def test_traceback_ends_at_the_callers_line_and_one_frame_of_ours() -> None:
    binder = Binder(add, "shop.add")

    def delay(*args: Any, **kwargs: Any) -> None:  # as the task module does it
        try:
            binder.check(*args, **kwargs)
        except TypeError:
            raise binder.refusal(args, kwargs) from None

    with pytest.raises(TypeError) as caught:
        delay(1)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames][1:] == ["delay"]
    assert frames[0].line == "delay(1)"


def test_check_costs_well_under_5_us() -> None:
    check = Binder(every, "t").check
    rounds = 2000
    best = min(timeit.repeat(lambda: check(1, 2, d=3), number=rounds, repeat=5)) / rounds
    assert best < 2e-6
