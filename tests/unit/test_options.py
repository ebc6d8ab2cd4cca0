from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamq.backoff import Backoff
from streamq.options import (
    CallOptions,
    TaskOptions,
    call_options,
    options_from_json,
    resolve,
    task_options,
)
from streamq.retry import RetryPolicy

WHERE = "shop.add"
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


def call(**given: Any) -> CallOptions:
    return call_options(given, WHERE)


def test_an_unknown_option_is_a_type_error_that_names_the_nearest() -> None:
    with pytest.raises(
        TypeError, match=r"^shop.add: unknown option 'countdwon'; did you mean 'countdown'\?$"
    ):
        call(countdwon=3)


def test_the_beginning_of_an_option_is_near_to_it() -> None:
    with pytest.raises(TypeError, match=r"unknown option 'rate'; did you mean 'rate_limit'\?$"):
        call(rate="5/m")


def test_an_option_near_to_none_is_answered_with_all_there_are() -> None:
    with pytest.raises(TypeError, match="there are backoff, concurrency, cost, countdown"):
        call(zzz=3)


def test_a_soft_limit_leaves_time_for_cleaning_up() -> None:
    for make in (call_options, task_options):
        with pytest.raises(ValueError, match="soft_time_limit=30 must be less than time_limit=30"):
            make({"time_limit": 30, "soft_time_limit": 30}, WHERE)
    assert call(time_limit=0, soft_time_limit=30).soft_time_limit == 30
    with pytest.raises(ValueError, match=r"time_limit=0\.0001: must be 0\.001 seconds or more"):
        call(time_limit=0.0001)


def test_celerys_words_are_answered_with_ours() -> None:
    with pytest.raises(TypeError, match="max_retries=3 is max_attempts=4"):
        call(max_retries=3)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("queue", "mail:bulk", "mail:bulk"),
        ("countdown", 30, 30.0),
        ("countdown", timedelta(minutes=1), 60.0),
        ("eta", NOON, NOON),
        ("expires", 5, 5.0),
        ("expires", timedelta(hours=1), 3600.0),
        ("expires", NOON, NOON),
        ("idempotency_key", "mail-42", "mail-42"),
        ("idempotency_ttl", 60, 60.0),
        ("max_attempts", 5, 5),
        ("backoff", Backoff(), Backoff()),
        ("max_age", timedelta(days=1), 86400.0),
        ("max_crashes", 0, 0),
        ("time_limit", timedelta(minutes=1), 60.0),
        ("time_limit", 0, 0.0),
        ("soft_time_limit", 0.5, 0.5),
        ("result_ttl", 60, 60.0),
        ("ignore_result", True, True),
        ("tags", "billing", ("billing",)),
        ("tags", ["b", "a"], ("b", "a")),
        ("tags", {"b", "a"}, ("a", "b")),
        ("retry_on", OSError, (OSError,)),
        ("give_up_on", [OSError, "KeyError"], (OSError, "KeyError")),
    ],
)
def test_options_become_typed_values(name: str, given: object, value: object) -> None:
    assert getattr(call(**{name: given}), name) == value
    assert call(**{name: given}).said == {name: value}
    assert call(**{name: None}).said == {}


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"queue": "a b"}, ValueError, "no spaces"),
        ({"queue": "{x}"}, ValueError, "no braces"),
        ({"queue": ""}, ValueError, "1 to 128"),
        ({"queue": "q" * 129}, ValueError, "1 to 128"),
        ({"queue": 3}, TypeError, "string"),
        ({"countdown": -1}, ValueError, "0 seconds"),
        ({"countdown": float("nan")}, ValueError, "0 seconds"),
        ({"countdown": "soon"}, TypeError, "seconds or a timedelta"),
        ({"countdown": 1, "eta": NOON}, TypeError, "give one of them"),
        ({"eta": NOON.replace(tzinfo=None)}, ValueError, "no time zone.*conf.timezone"),
        ({"eta": 3}, TypeError, "aware datetime"),
        ({"expires": 0}, ValueError, "more than 0"),
        ({"expires": NOON.replace(tzinfo=None)}, ValueError, "time zone"),
        ({"idempotency_key": ""}, ValueError, "1 to 512"),
        ({"idempotency_key": 3}, TypeError, "string"),
        ({"max_attempts": 0}, ValueError, "1 or more"),
        ({"max_crashes": -1}, ValueError, "never run twice"),
        ({"max_crashes": 1.5}, TypeError, "whole number"),
        ({"result_ttl": 0}, ValueError, "ignore_result=True"),
        ({"ignore_result": 1}, TypeError, "True or False"),
        ({"tags": [3]}, TypeError, "not a string"),
        ({"tags": 3}, TypeError, "strings"),
        ({"tags": [""]}, ValueError, "1 to 128"),
        ({"tags": [str(n) for n in range(33)]}, ValueError, "at most 32"),
        ({"backoff": lambda attempt: attempt}, TypeError, "can't travel"),
    ],
)
def test_a_bad_value_is_refused_with_what_it_may_be(
    given: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=rf"^shop\.add: .*{words}"):
        call(**given)


@pytest.mark.parametrize("given", [{"eta": NOON}, {"idempotency_key": "k"}])
def test_what_belongs_to_one_call_is_refused_on_a_task(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="belongs to one call"):
        task_options(given, WHERE)


def test_a_call_goes_over_its_task_and_that_over_the_defaults() -> None:
    defaults = TaskOptions(queue="default", result_ttl=100.0, max_crashes=7)
    task = defaults.overridden(
        task_options({"queue": "mail", "max_attempts": 5, "backoff": 1}, WHERE)
    )
    both = task.overridden(call(queue="low", max_attempts=2))
    assert (both.queue, both.result_ttl, both.max_crashes) == ("low", 100.0, 7)
    assert both.retry == RetryPolicy(2, Backoff.fixed(1), limit_set=True)
    assert task.queue == "mail"
    assert task.overridden(CallOptions()) is task


def test_either_way_to_say_when_replaces_the_other() -> None:
    task = TaskOptions(countdown=30.0)
    assert task.overridden(call(eta=NOON)).countdown is None
    assert call(countdown=0).over(call(eta=NOON)) == call(countdown=0)


def test_options_said_later_go_over_those_said_before() -> None:
    assert call(queue="a").over(call(queue="b", max_attempts=2)) == call(queue="a", max_attempts=2)


def test_a_job_carries_its_calls_overrides_and_the_worker_reads_them() -> None:
    said = call(
        max_attempts=2,
        backoff=[1, 2],
        retry_on=OSError,
        max_age=9,
        result_ttl=60,
        tags="t",
        queue="q",
    )
    carried = said.wire()
    assert carried == {
        "max_attempts": 2,
        "backoff": {"kind": "list", "delays": [1.0, 2.0]},
        "retry_on": ["builtins.OSError"],
        "max_age": 9.0,
        "result_ttl": 60.0,
        "tags": ["t"],
    }
    effective = resolve(TaskOptions(), carried)
    assert effective.retry.max_attempts == 2
    assert effective.retry.backoff.as_json()["delays"] == [1.0, 2.0]
    assert effective.retry.retry_on == ("builtins.OSError",)
    assert (effective.result_ttl, effective.tags) == (60.0, ("t",))
    assert CallOptions(queue="q", eta=NOON).wire() == {}


def test_words_of_another_release_are_left_out() -> None:
    published = {"queue": "mail", "max_attempts": "many", "lane": 5, "backoff": {"kind": "moon"}}
    assert options_from_json(published) == CallOptions(queue="mail")
    assert options_from_json({"backoff": 7, "result_ttl": 3}) == CallOptions(result_ttl=3.0)


def test_published_options_come_back() -> None:
    task = TaskOptions().overridden(
        task_options({"queue": "mail", "max_attempts": 5, "expires": 60}, WHERE)
    )
    assert TaskOptions().overridden(options_from_json(task.as_json())).queue == "mail"
    assert options_from_json(task.as_json()).expires == 60.0


def test_the_pool_is_said_where_the_task_is_defined() -> None:
    assert task_options({"pool": "process"}, "t").pool == "process"
    assert task_options({"pool": None}, "t").pool is None
    with pytest.raises(ValueError, match="must be 'process'"):
        task_options({"pool": "threads"}, "t")
    with pytest.raises(TypeError, match="once, where the task is defined"):
        call_options({"pool": "process"}, "t")
