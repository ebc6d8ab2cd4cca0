"""Steps of a state machine that are chosen by weight, each with the values that it takes."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

Method = TypeVar("Method", bound=Callable[..., None])


@dataclass(frozen=True)
class Step:
    name: str
    weight: int
    when: Callable[[Any], bool]  # may it be taken now?
    method: Callable[..., None]
    values: dict[str, st.SearchStrategy[Any]]

    def take(self, machine: Any, data: st.DataObject) -> None:
        drawn = {name: data.draw(values, label=name) for name, values in self.values.items()}
        if "data" in inspect.signature(self.method).parameters:
            drawn["data"] = data
        self.method(machine, **drawn)


_MARKED: dict[Callable[..., None], Step] = {}


def step(
    weight: int = 1, when: Callable[[Any], bool] = lambda _: True, **values: st.SearchStrategy[Any]
) -> Callable[[Method], Method]:
    """Marks a method as a step, taken `weight` times as often as others."""

    def mark(method: Method) -> Method:
        _MARKED[method] = Step(method.__name__, weight, when, method, values)
        return method

    return mark


@cache
def steps_of(machine: type) -> list[Step]:
    """Its own and those of the classes that it is made of."""
    members = [member for _, member in inspect.getmembers(machine, inspect.isfunction)]
    return [_MARKED[member] for member in members if member in _MARKED]


class Stepping(RuleBasedStateMachine):
    """Takes its steps by weight, and evenly.

    Left to itself the search takes the first few too often, and a few seeds, too: so where in the
    example a step stands counts as well.
    """

    taken = 0

    def begin(self) -> None:
        """Comes before each step."""

    @rule(data=st.data(), seed=st.tuples(*[st.integers(0, 2**16)] * 2))
    def one_step(self, data: st.DataObject, seed: tuple[int, ...]) -> None:
        possible = [each for each in steps_of(type(self)) if each.when(self)]
        self.taken += 1
        self.begin()
        drawn = random.Random(f"{seed}/{self.taken}")
        [chosen] = drawn.choices(possible, [each.weight for each in possible])
        note(f"{chosen.name}:")
        chosen.take(self, data)
