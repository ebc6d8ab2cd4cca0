"""Limits, lanes and priorities of a task whose function is elsewhere: its workers say them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamq import Concurrency, ConfigurationError, RateLimit, StreamQ, operations
from streamq.publishing import texts_of
from tests.servers import Server


@pytest.fixture
def there(server: Server) -> Iterator[StreamQ]:
    """The codebase that has the functions, as its workers publish it."""
    app = StreamQ("there", broker=server.url)
    app.limit("github", "60/m", queue="mail")
    app.queue("mail", concurrency=50)

    @app.task(
        name="send",
        queue="mail",
        rate_limit=["github", RateLimit(5, per=1, key="{user}/{shop}")],
        lane="tenant-{tenant}",
        priority=7,
    )
    def send(user: int, shop: str = "oslo", *, tenant: str) -> None: ...

    @app.task(name="plain")
    def plain() -> None: ...

    yield app
    app.close()


@pytest.fixture
def here(server: Server) -> Iterator[StreamQ]:
    app = StreamQ("here", broker=server.url)
    yield app
    app.close()


def publish(app: StreamQ, queue: str) -> None:
    call = operations.register(
        app.keys(queue), worker="w", alive_ms=60_000, info="{}", tasks=texts_of(app.runtime, queue)
    )
    app.client.run(call)
    app.runtime.announce(queue)


def opts(app: StreamQ, job_id: str, queue: str) -> str:
    (look,) = app.client.run(operations.look(app.keys(queue), ids=[job_id]))
    assert look.record is not None
    return look.record.opts


LIMITS = "c@queue/concurrency=50|rgithub=1000000=1"


def test_a_call_by_name_gets_the_limits_lane_and_priority_of_its_task(
    there: StreamQ, here: StreamQ
) -> None:
    publish(there, "mail")
    job = here.send_task("send", (7,), {"tenant": "a b"})
    expected = f"q=tenant-a%20b|{LIMITS}|rsend/rate!7/oslo=200000=1,p=7"
    assert opts(here, job.id, "mail") == expected
    with_shop = here.send_task("send", (7, "bergen"), {"tenant": "a"})
    assert "!7/bergen=" in opts(here, with_shop.id, "mail")
    by_name = here.send_task("send", kwargs={"user": 7, "tenant": "a"}, priority=4)
    assert opts(here, by_name.id, "mail") == f"q=tenant-a|{LIMITS}|rsend/rate!7/oslo=200000=1"


def test_both_codebases_write_the_same(there: StreamQ, here: StreamQ) -> None:
    publish(there, "mail")
    first = here.send_task("send", (7,), {"tenant": "a"})
    second = there.tasks["send"].delay(7, tenant="a")
    assert opts(here, first.id, "mail") == opts(there, second.id, "mail")


def test_an_argument_that_is_missing_is_named(there: StreamQ, here: StreamQ) -> None:
    publish(there, "mail")
    with pytest.raises(TypeError, match="send: argument 'user' is missing, and a key"):
        here.send_task("send", (), {"tenant": "a"})


def test_a_limited_task_sent_elsewhere_is_refused(there: StreamQ, here: StreamQ) -> None:
    publish(there, "mail")
    with pytest.raises(ConfigurationError, match=r"'github' is counted in queue 'mail'.*'low'"):
        here.send_task("send", (7,), {"tenant": "a"}, queue="low")
    job = here.send_task("send", (7,), {"tenant": "a"}, queue="low", rate_limit=[])
    assert opts(here, job.id, "low") == "q=tenant-a,p=7"


def test_a_queues_limits_hold_for_tasks_that_nobody_knows(there: StreamQ, here: StreamQ) -> None:
    publish(there, "mail")
    job = here.send_task("unknown", queue="mail")
    assert opts(here, job.id, "mail") == "q=|c@queue/concurrency=50"


def test_a_plain_task_by_name_stays_plain(there: StreamQ, here: StreamQ) -> None:
    publish(there, "default")
    assert opts(here, here.send_task("plain").id, "default") == "-"


def test_a_limit_of_the_call_itself_needs_nothing_published(here: StreamQ) -> None:
    job = here.send_task("send", concurrency=Concurrency(2, key="fixed"))
    assert opts(here, job.id, "default").endswith("!fixed=2")
    with pytest.raises(TypeError, match="argument 'user' is missing"):
        here.send_task("send", concurrency=Concurrency(2, key="{user}"))
