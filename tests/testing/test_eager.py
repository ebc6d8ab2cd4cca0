"""`eager(app)`: jobs in place, and everything as it was afterwards."""

from __future__ import annotations

import asyncio

import pytest

from streamq import ConfigurationError, EncodeError, JobState
from streamq.settings import Source
from streamq.testing import assert_enqueued, eager
from tests.testing import shop


def test_a_job_runs_in_place_and_no_server_is_asked() -> None:
    with eager(shop.app) as app:
        assert app is shop.app
        job = shop.add.delay(2, y=3)
        assert job.get(timeout=0) == 5
        assert job.state is JobState.SUCCEEDED
        assert shop.greet.delay("Ada").get() == "Hello, Ada!"


async def _greeted() -> str:
    return await (await shop.greet.adelay("Eve"))


def test_async_code_runs_it_in_its_own_loop() -> None:
    with eager(shop.app):
        assert asyncio.run(_greeted()) == "Hello, Eve!"


def test_a_retry_follows_at_once() -> None:
    with eager(shop.app):
        assert shop.flaky.delay(3).get() == 3
        assert shop.asks.delay(3600).get() == 2
        with pytest.raises(OSError, match="attempt 3"):
            shop.flaky.delay(4).get()


def test_arguments_are_really_encoded() -> None:
    with eager(shop.app), pytest.raises(EncodeError, match="object"):
        shop.add.delay(object(), 1)  # type: ignore[arg-type]


def test_what_held_before_holds_again_after_it_and_after_an_error() -> None:
    before = shop.app.conf.version
    with pytest.raises(ZeroDivisionError), eager(shop.app):
        raise ZeroDivisionError
    assert shop.app.conf.eager is False
    assert shop.app.conf.source("eager") is Source.DEFAULT
    assert shop.app.conf.version > before  # what was derived from it is derived again


def test_it_may_be_nested() -> None:
    with eager(shop.app):
        with eager(shop.app):
            pass
        assert shop.add.delay(1).get() == 2


def test_other_flags_stay_as_they_are() -> None:
    with shop.app.conf.flags(loglevel="DEBUG"):
        with eager(shop.app):
            assert shop.app.conf.loglevel == "DEBUG"
        assert shop.app.conf.source("loglevel") is Source.FLAG
    assert shop.app.conf.source("loglevel") is Source.DEFAULT


def test_a_mistake_in_a_flag_changes_nothing() -> None:
    with pytest.raises(ConfigurationError, match="eager"), shop.app.conf.flags(eager="very"):
        pass
    assert shop.app.conf.eager is False


def test_looking_for_enqueued_jobs_says_that_there_are_none() -> None:
    with eager(shop.app), pytest.raises(AssertionError, match="run in place"):
        assert_enqueued(shop.app, shop.add)
