"""`enqueued` and `assert_enqueued`: what they find, and what they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streamq import JobState, StreamQ
from streamq.testing import assert_enqueued, enqueued
from tests.testing import shop


@pytest.fixture
def app(streamq_use: Callable[[StreamQ], StreamQ]) -> StreamQ:
    return streamq_use(shop.app)


def test_nothing_is_there_at_first(app: StreamQ) -> None:
    assert enqueued(app) == []
    assert assert_enqueued(app, shop.add, times=0) == []


def test_it_lists_waiting_and_scheduled_jobs_of_all_queues(app: StreamQ) -> None:
    add, greet = shop.add.delay(1), shop.greet.options(countdown=60).delay("Ada")
    assert {job.id: job.state for job in enqueued(app)} == {
        add.id: JobState.WAITING,
        greet.id: JobState.SCHEDULED,
    }
    assert [job.id for job in enqueued(app, queue="mail")] == [greet.id]
    assert [job.id for job in enqueued(app, shop.add)] == [add.id]
    assert [job.id for job in enqueued(app, shop.greet.name)] == [greet.id]


def test_it_sees_more_than_a_page(app: StreamQ) -> None:
    shop.add.delay_many([(n,) for n in range(450)])
    assert sorted(job.args[0] for job in enqueued(app)) == list(range(450))


def test_cancelled_jobs_are_not_enqueued(app: StreamQ) -> None:
    shop.add.delay(1).cancel()
    assert_enqueued(app, shop.add, times=0)


def test_arguments_count_as_the_function_would_take_them(app: StreamQ) -> None:
    job = shop.add.delay(1, y=2)
    for args, kwargs in (((1, 2), None), ((), {"x": 1, "y": 2}), ((1,), {"y": 2})):
        (found,) = assert_enqueued(app, shop.add, args, kwargs, times=1)
        assert found.id == job.id
    assert_enqueued(app, shop.add, args=(1, 3), times=0)


def test_a_default_is_not_the_same_as_nothing_said(app: StreamQ) -> None:
    shop.add.delay(1)
    assert_enqueued(app, shop.add, args=(1,))
    assert_enqueued(app, shop.add, args=(1, 1), times=0)  # the worker's default may be another


def test_it_counts(app: StreamQ) -> None:
    shop.add.delay_many([(1,), (1,), (2,)])
    assert len(assert_enqueued(app, shop.add)) == 3
    assert len(assert_enqueued(app, shop.add, args=[1], times=2)) == 2
    with pytest.raises(AssertionError) as caught:
        assert_enqueued(app, shop.add, args=(1,), times=1)
    assert str(caught.value).splitlines() == [
        "tests.testing.shop.add(1) is enqueued 2 ×, not 1 ×; of tests.testing.shop.add there are:",
        "  tests.testing.shop.add(1) waiting in 'default'",
        "  tests.testing.shop.add(1) waiting in 'default'",
        "  tests.testing.shop.add(2) waiting in 'default'",
    ]


def test_it_says_what_there_is_instead(app: StreamQ) -> None:
    shop.greet.delay("Ada")
    shop.greet.options(countdown=60).delay("Eve")
    shop.add.delay(1)
    with pytest.raises(AssertionError) as caught:
        assert_enqueued(app, shop.greet, args=("Bob",))
    assert str(caught.value).splitlines() == [
        ("tests.testing.shop.greet('Bob') is not enqueued; of tests.testing.shop.greet there are:"),
        "  tests.testing.shop.greet('Ada') waiting in 'mail'",
        "  tests.testing.shop.greet('Eve') scheduled (delayed) in 'mail'",
        "of other tasks: tests.testing.shop.add × 1",
    ]


def test_a_long_list_is_cut(app: StreamQ) -> None:
    shop.add.delay_many([(n,) for n in range(30)])
    with pytest.raises(AssertionError) as caught:
        assert_enqueued(app, shop.add, args=(20,), times=2)
    lines = str(caught.value).splitlines()
    assert len(lines) == 12
    assert lines[1] == "  tests.testing.shop.add(20) waiting in 'default'"  # the nearest first
    assert lines[-1] == "  and 20 more"


def test_a_queue_narrows_it(app: StreamQ) -> None:
    shop.add.options(queue="low").delay(1)
    assert_enqueued(app, shop.add, queue="low", times=1)
    with pytest.raises(AssertionError, match="is not enqueued in queue 'default'"):
        assert_enqueued(app, shop.add, queue="default")


def test_a_misspelt_task_is_told(app: StreamQ) -> None:
    with pytest.raises(AssertionError, match=r"nor such a task; did you mean 'tests\.testing"):
        assert_enqueued(app, "tests.testing.shop.ad")


def test_arguments_that_the_task_cannot_take_are_the_tests_mistake(app: StreamQ) -> None:
    with pytest.raises(TypeError, match=r"shop\.add\(x: int, y: int = 1\)"):
        assert_enqueued(app, shop.add, args=())


def test_a_task_that_is_not_here_is_compared_as_it_was_sent(app: StreamQ) -> None:
    app.send_task("elsewhere.load", args=("a.csv",), kwargs={"header": True})
    assert_enqueued(app, "elsewhere.load", ["a.csv"], {"header": True}, times=1)
    with pytest.raises(AssertionError, match=r"elsewhere\.load\('a\.csv', header=True\) waiting"):
        assert_enqueued(app, "elsewhere.load", ["a.csv"])
