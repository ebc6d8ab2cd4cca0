"""`eager(app)`: jobs in place, and everything as it was afterwards."""

from __future__ import annotations

import asyncio

import pytest

from streamq import AsyncResult, Cancellation, ConfigurationError, EncodeError, JobState
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


def test_what_a_job_says_can_be_read_afterwards() -> None:
    with eager(shop.app):
        job = shop.tells.delay(3)
        assert list(job.stream()) == list(job.stream(timeout=0)) == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert [one.done for one in job.watch()] == [3]
        assert [line.text for line in job.log()] == ["line 0", "line 1", "line 2"]
        assert [line.text for line in job.follow_log()] == ["line 0", "line 1", "line 2"]
        assert asyncio.run(_streamed(job)) == [{"n": 0}, {"n": 1}, {"n": 2}]


async def _streamed(job: AsyncResult[int]) -> list[object]:
    return [chunk async for chunk in job.stream()]


def test_a_stream_of_a_job_that_failed_ends_with_its_failure() -> None:
    with eager(shop.app):
        job = shop.tells.delay(1, "no more")
        got: list[object] = []
        with pytest.raises(ValueError, match="no more"):
            got.extend(job.stream())
        with pytest.raises(EncodeError):
            shop.tells_what.delay().get()


def test_a_checkpoint_is_there_in_the_next_run() -> None:
    with eager(shop.app):
        assert shop.resumes.delay({"page": 7}).get() == {"page": 7}


def test_what_has_run_here_is_not_cancelled() -> None:
    with eager(shop.app):
        assert shop.add.delay(1).cancel() is Cancellation.ENDED
