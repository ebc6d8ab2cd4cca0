"""Routes and annotations: what each may be, and what wins over what."""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

import pytest

from streamq import ConfigurationError, StreamQ


def shop(**settings: Any) -> StreamQ:
    return StreamQ("shop", broker="redis://localhost", **settings)


def add(app: Any, **options: Any) -> Any:
    def add(x: int, y: int) -> int:
        return x + y

    return app.task(name="shop.add", **options)(add)


def queue(routes: Any, **options: Any) -> str:
    return str(add(shop(task_routes=routes), **options).plan((1, 2)).queue)


def odd(name: str, args: Any, kwargs: Any, options: Any, task: Any = None) -> Any:
    assert task.name == name
    return {"queue": "odd"} if args[0] % 2 else None


@pytest.mark.parametrize(
    "routes",
    [
        {"shop.add": "low"},
        {"shop.add": {"queue": "low", "max_attempts": 3}},
        {"shop.*": "low"},
        {"*.add": {"queue": "low"}},
        {"shop.a?d": "low"},
        {re.compile(r"shop\.(add|sub)$"): "low"},
        {"shop.add": "low", "shop.*": "other"},
        {"shop.*": "other", "shop.add": "low"},  # a name wins over patterns
        [{"mail.*": "mail"}, {"shop.*": "low"}],
        ({"shop.add": "low"}, {"shop.add": "other"}),  # the first that says something
        ([("mail.*", "mail"), ("shop.*", "low"), ("*", "other")],),
        [("shop.*", "low"), ("*", "other")],
        (("mail.*", "mail"), ("shop.*", "low")),
        lambda name, args, kwargs, options, task=None: "low" if name == "shop.add" else None,
        [lambda *_, **__: None, {"shop.add": "low"}],
        [lambda *_, **__: {"queue": "low"}, {"shop.add": "other"}],
    ],
    ids=range(16),
)
def test_each_kind_of_route_names_the_queue(routes: Any) -> None:
    assert queue(routes) == "low"


@pytest.mark.parametrize("routes", [{"mail.*": "mail"}, {re.compile("add"): "low"}, [], None])
def test_where_no_route_says_anything_it_is_the_default_queue(routes: Any) -> None:
    assert queue(routes) == "default"


def test_a_router_sees_each_calls_arguments_and_options() -> None:
    task = add(shop(task_routes=[odd, {"shop.*": "even"}]))
    assert [task.plan((n, 0)).queue for n in (1, 2, 3)] == ["odd", "even", "odd"]
    assert task.options(queue="mine").plan((1, 0)).queue == "mine"
    assert task.s(1, 2).task.prepare((1, 2), {})[0].queue == "odd"


def test_what_a_router_says_travels_with_the_call() -> None:
    app = shop(task_routes=lambda *_, **__: {"max_attempts": 7, "max_crashes": 2})
    plan, job = add(app).prepare((1, 2), {})
    assert app.codec.decode_call(job.body)[2] == {"max_attempts": 7, "max_crashes": 2}
    assert plan.opts == "c=2"
    own = add(shop(task_routes=lambda *_, **__: {"max_attempts": 7}), max_attempts=2)
    assert own.plan((1, 2)).options.retry.max_attempts == 2


def test_a_router_by_its_dotted_name_is_imported_when_first_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("routers_of_shop.route", "routers_of_shop:route"):
        task = add(shop(task_routes=name))
        with pytest.raises(ConfigurationError, match="routers_of_shop"):
            task.plan((1, 2))
    module = ModuleType("routers_of_shop")
    module.route = lambda *_, **__: "low"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "routers_of_shop", module)
    assert queue("routers_of_shop.route") == "low"
    with pytest.raises(ConfigurationError, match="routers_of_shop"):
        queue("routers_of_shop.absent")


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        ("low", "no dict of task names"),
        (5, "no dict of task names"),
        ({"shop.add": 5}, r"task_routes\['shop.add'\]: must be a queue's name or a dict"),
        ({"shop.add": None}, "must be a queue's name or a dict"),
        ({"shop.add": "not a name"}, r"task_routes\['shop.add'\]: queue='not a name'"),
        ({"shop.add": {"que": "low"}}, "unknown option 'que'; did you mean 'queue'"),
        ({5: "low"}, "5 is no task's name"),
    ],
)
def test_a_route_that_can_not_be_is_refused_when_it_is_set(routes: Any, why: str) -> None:
    with pytest.raises((ConfigurationError, TypeError), match=why):
        shop(task_routes=routes)


def test_call_over_annotation_over_task_over_route_over_default() -> None:
    def attempts(*, said: int = 0, annotated: int = 0, own: int = 0, routed: int = 0) -> int:
        settings: dict[str, Any] = {"max_attempts": 1}
        if annotated:
            settings["task_annotations"] = {"shop.add": {"max_attempts": annotated}}
        if routed:
            settings["task_routes"] = {"shop.*": {"max_attempts": routed}}
        task = add(shop(**settings), max_attempts=own or None)
        target = task.options(max_attempts=said) if said else task
        return int(target.plan((1, 2)).options.retry.max_attempts)

    assert attempts() == 1
    assert attempts(routed=2) == 2
    assert attempts(routed=2, own=3) == 3
    assert attempts(routed=2, own=3, annotated=4) == 4
    assert attempts(routed=2, own=3, annotated=4, said=5) == 5


class Annotate:
    def annotate(self, task: Any) -> dict[str, Any] | None:
        return {"queue": "annotated"} if task.name.startswith("shop.") else None


@pytest.mark.parametrize(
    ("annotations", "queue", "attempts"),
    [
        ({"shop.add": {"max_attempts": 3}}, "own", 3),
        ({"*": {"max_attempts": 3}}, "own", 3),
        ({"*": {"max_attempts": 3, "queue": "all"}, "shop.add": {"max_attempts": 4}}, "all", 4),
        ([{"mail.send": {"max_attempts": 9}}, Annotate()], "annotated", 1),
        ((Annotate(), {"*": {"max_attempts": 9}}), "annotated", 1),
        ({"mail.send": {"max_attempts": 3}}, "own", 1),
    ],
)
def test_annotations_win_over_the_task(annotations: Any, queue: str, attempts: int) -> None:
    options = add(shop(task_annotations=annotations), queue="own").task_options
    assert (options.queue, options.retry.max_attempts) == (queue, attempts)


def test_an_annotation_that_can_not_be_is_refused() -> None:
    with pytest.raises((ConfigurationError, TypeError), match="unknown option"):
        shop(task_annotations={"shop.add": {"rate": 1}})
    with pytest.raises(ConfigurationError, match="nor has it annotate"):
        shop(task_annotations=5)
    with pytest.raises(ConfigurationError, match="must be a dict of options, not 'high'"):
        shop(task_annotations={"shop.add": "high"})


def test_settings_changed_later_hold_from_then_on() -> None:
    app = shop()
    task = add(app)
    assert task.plan().queue == "default"
    app.conf.task_routes = {"shop.add": "low"}
    assert task.plan().queue == "low"
    app.conf.task_annotations = {"*": {"queue": "high"}}
    assert task.plan().queue == "high"


def test_a_worker_serves_the_queues_that_routes_and_task_queues_name() -> None:
    app = shop(
        task_routes=[{"mail.*": "mail", "shop.*": {"queue": "low"}}, lambda *_, **__: None],
        task_queues=["slow"],
    )
    add(app)
    assert app.queues() == ["default", "low", "slow", "mail"]


def test_a_queue_that_is_not_named_is_refused_where_none_are_made() -> None:
    app = shop(task_queues={"low": {}}, task_create_missing_queues=False)
    task = add(app)
    assert task.options(queue="low").plan().queue == "low"
    assert task.plan().queue == "default"
    with pytest.raises(ConfigurationError, match=r"'high' is not in task_queues.*\n.*default, low"):
        task.options(queue="high").plan()


def test_settings_that_are_options_hold_for_tasks_that_say_nothing() -> None:
    app = shop(task_ignore_result=True, task_serializer="json")
    assert add(app).task_options.ignore_result
    assert add(app).task_options.serializer == "json"
    assert not add(app, ignore_result=False).task_options.ignore_result
    assert add(app).prepare((1, 2), {})[1].body == b"[[1,2],{},{}]"
    plan, job = add(app, serializer="msgpack").prepare((1, 2), {})
    assert job.body[:1] == b"\x93"
    assert plan.options.serializer == "msgpack"


def test_without_a_serializer_what_is_accepted_first_is_written() -> None:
    assert add(shop(accept_content=["json"])).prepare((1, 2), {})[1].body == b"[[1,2],{},{}]"
