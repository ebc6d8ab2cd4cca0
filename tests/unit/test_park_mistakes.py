"""What can't be meant of limits and unique keys is refused, with what to write."""

from __future__ import annotations

from typing import Any, cast

import pytest

from streamq import Concurrency, ConfigurationError, RateLimit, StreamQ, Unique


@pytest.fixture
def app() -> StreamQ:
    return StreamQ("mistakes", broker="redis://127.0.0.1:1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate_limit": "10m"}, "rate_limit='10m': write '10/s'"),
        ({"rate_limit": "100 hours"}, "write '10/s'"),
        ({"concurrency": ""}, "so many at once is concurrency=5"),
        ({"unique": {"bye": ["user"]}}, "must be True, or Unique"),
        ({"max_wait": 10}, "say debounce=2.0 .seconds., too"),
        (
            {"debounce": 2, "unique": Unique(on_conflict="raise")},
            "debounce= lets the last call win, on_conflict='raise' refuses it",
        ),
        (
            {"debounce": 2, "unique": Unique(while_=("running",))},
            r"name that in while_=\('scheduled', 'running'\)",
        ),
    ],
)
def test_options_that_can_not_be_meant(app: StreamQ, options: dict[str, Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^@app.task on send: .*{words}"):
        app.task(name="send", **options)(lambda user: None)


def test_a_call_that_says_max_wait_alone(app: StreamQ) -> None:
    task = app.task(name="send")(lambda user: None)
    with pytest.raises(TypeError, match=r"^send: max_wait= bounds"):
        task.options(max_wait=5).delay(1)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (
            lambda: RateLimit(cast("int", "10/m")),
            "whole number.*RateLimit.10, per=60., which is '10/m'",
        ),
        (lambda: RateLimit(10, per=0), "more than 0 s"),
        (lambda: Concurrency(cast("int", "5")), "whole number, 1 or more, not '5'$"),
        (lambda: Unique(on_conflict="queue_one", while_=("waiting",)), "'queue_one'.*are running"),
        (lambda: Unique(on_conflict="replace", while_=("running",)), "scheduled or waiting"),
    ],
)
def test_limits_that_can_not_be_meant(limit: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        limit()


@pytest.mark.parametrize("name", [5, "10m", "", "a b", None])
def test_what_is_no_name_of_a_limit(app: StreamQ, name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^app.limit\(.*\): a name has"):
        app.limit(name, "60/m")


def test_a_queue_that_is_empty_text_is_no_queue(app: StreamQ) -> None:
    with pytest.raises(ValueError, match=r"app.limit\(queue=…\)='': must be 1 to 128"):
        app.limit("github", "60/m", queue="")
    with pytest.raises(ValueError, match="must be 1 to 128"):
        app.pause("")
    with pytest.raises(ValueError, match="must be 1 to 128"):
        app.paused("")


def test_a_budget_beyond_counting_says_its_bounds(app: StreamQ) -> None:
    with pytest.raises(ValueError, match=r"max_jobs=1000.*: must be 1 or more, at most"):
        app.queue("mail", max_jobs=10**20)
