"""Four ways to test tasks, from the quickest to the most real one."""

from collections.abc import Callable

import pytest
import shop

from streamq import StreamQ
from streamq.testing import assert_enqueued, drain, eager


def test_the_function() -> None:
    assert shop.add(1, 2) == 3  # a task that is called is the function


def test_in_place() -> None:
    with eager(shop.app):  # .delay() runs the job here, through real encoding; no server
        assert shop.confirm.delay(7).get() == "order 7 is on its way"


@pytest.fixture
def app(streamq_use: Callable[[StreamQ], StreamQ]) -> StreamQ:
    return streamq_use(shop.app)  # on a real, private server while the test lasts


def test_what_is_enqueued(app: StreamQ) -> None:
    shop.buy(7)
    assert_enqueued(app, shop.add, args=(7, 1), times=1)
    (job,) = assert_enqueued(app, "shop.confirm", queue="mail")
    assert job.state == "scheduled"


def test_the_whole_way(app: StreamQ) -> None:
    job = shop.add.delay(1, 2)
    drain(app)  # runs what is ready, here
    assert job.get(timeout=0) == 3
