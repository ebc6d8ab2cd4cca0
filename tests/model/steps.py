"""Steps of a state machine that are chosen by weight, each with the values that it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

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


STEPS: dict[str, Step] = {}  # of the one machine there is


def step(
    weight: int = 1, when: Callable[[Any], bool] = lambda _: True, **values: st.SearchStrategy[Any]
) -> Callable[[Method], Method]:
    """Marks a method as a step, taken `weight` times as often as others."""

    def mark(method: Method) -> Method:
        STEPS[method.__name__] = Step(method.__name__, weight, when, method, values)
        return method

    return mark
