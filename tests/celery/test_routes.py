"""Routes and annotations in Celery's words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streamq.celery.settings import CelerySettings
from streamq.definition import Definition
from streamq.options import CallOptions
from streamq.routing import Routing


def route(routes: Any, name: str = "shop.add") -> tuple[CallOptions, list[str]]:
    conf = CelerySettings(code={"task_routes": routes})
    task = SimpleNamespace(name=name)
    found = Routing(conf.task_routes, ()).of_call(task, (1,), {}, CallOptions())
    return found, [problem for problem, _ in conf.remarks() + conf.findings()]


class OldRouter:
    def route_for_task(self, name: str, args: Any = None, kwargs: Any = None) -> Any:
        assert kwargs == {}
        return {"queue": "low"} if name.startswith("shop.") and args == (1,) else None


def modern(name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **_: Any) -> Any:
    assert (name, args, kwargs, task.name) == ("shop.add", (1,), {}, name)
    return {"queue": "low", "exchange": "x"}


@pytest.mark.parametrize(
    "routes",
    [
        {"shop.add": "low"},
        {"shop.*": {"queue": SimpleNamespace(name="low")}},
        ([("mail.*", {"queue": "mail"}), ("shop.*", {"queue": "low"})],),
        [("shop.add", "low")],
        OldRouter(),
        [OldRouter()],
        modern,
        f"{__name__}.modern",
        f"{__name__}:OldRouter",
    ],
    ids=range(9),
)
def test_each_kind_of_route_of_celerys_names_the_queue(routes: Any) -> None:
    assert route(routes)[0].queue == "low"


def test_what_a_route_says_and_is_not_so_is_reported() -> None:
    found, problems = route(
        {"shop.add": {"queue": "low", "routing_key": "x", "delivery_mode": 1, "max_retries": 3}}
    )
    assert found == CallOptions(queue="low")
    assert [problem.split(": ")[1].split()[0] for problem in problems] == [
        *("routing_key", "delivery_mode", "max_retries")
    ]
    assert "exchange" in route(modern)[1][0]


def annotated(given: Any, name: str = "shop.add") -> tuple[Any, dict[str, Any]]:
    conf = CelerySettings(code={"task_annotations": given})
    definition = Definition(len, name, CallOptions())
    options = Routing((), conf.task_annotations or ()).annotated(definition)
    kind = type("Task", (), {"name": name})
    before = set(vars(kind))
    conf.annotate(kind())
    return options.queue, {one: vars(kind)[one] for one in set(vars(kind)) - before}


def on_failure(self: Any, *_: Any) -> None: ...


class Annotate:
    def annotate(self, task: Any) -> dict[str, Any] | None:
        return {"queue": "low", "max_retries": 3} if task.name == "shop.add" else None

    def annotate_any(self) -> dict[str, Any]:
        return {"max_retries": 1, "retry_backoff": True}


@pytest.mark.parametrize(
    ("given", "queue", "attributes"),
    [
        ({"shop.add": {"queue": "low"}}, "low", {}),
        ({"*": {"max_retries": 5, "acks_late": True}}, None, {"max_retries": 5}),
        (
            {"*": {"max_retries": 5}, "shop.add": {"max_retries": 2, "on_failure": on_failure}},
            None,
            {"max_retries": 2, "on_failure": on_failure},
        ),
        (Annotate(), "low", {"max_retries": 3, "retry_backoff": True}),
        (
            [{"mail.send": {"queue": "mail"}}, Annotate()],
            "low",
            {"max_retries": 3, "retry_backoff": 1},
        ),
        (None, None, {}),
    ],
    ids=range(6),
)
def test_an_annotation_is_options_and_attributes(
    given: Any, queue: str | None, attributes: dict[str, Any]
) -> None:
    assert annotated(given) == (queue, attributes)
