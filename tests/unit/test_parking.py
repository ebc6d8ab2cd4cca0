from __future__ import annotations

from typing import Any

import pytest

from streamq import Concurrency, ConfigurationError, RateLimit, StreamQ
from streamq.task import Enqueueable

URL = "redis://127.0.0.1:1"  # nobody listens there, and nothing here connects


@pytest.fixture
def app() -> StreamQ:
    return StreamQ("shop", broker=URL)


def opts(task: Enqueueable[..., Any], *args: Any, **kwargs: Any) -> str:
    """What the scripts would read of this call's job."""
    return task.prepare(args, kwargs)[1].opts


def send(user_id: int, body: str = "", *, tenant: str = "a") -> None: ...


def test_a_plain_job_says_nothing(app: StreamQ) -> None:
    assert opts(app.task(name="send")(send), 1) == "-"


def test_limits_are_counted_under_the_task_with_the_key_of_the_call(app: StreamQ) -> None:
    task = app.task(
        name="send",
        rate_limit=["10/m", RateLimit(5, per=1, burst=2, key="user:{user_id}")],
        concurrency=Concurrency(3, key="{tenant}"),
    )(send)
    assert opts(task, 7) == (
        "q=|csend/concurrency!a=3|rsend/rate-2!user:7=200000=2|rsend/rate=6000000=1"
    )


def test_intervals_are_written_to_a_thousandth_of_a_microsecond(app: StreamQ) -> None:
    task = app.task(name="send", rate_limit="7/s")(send)
    assert opts(task, 1) == "q=|rsend/rate=142857.143=1"
    assert opts(app.task(name="other", rate_limit="1/d")(send), 1).endswith("=86400000000=1")


def test_lane_priority_and_cost(app: StreamQ) -> None:
    task = app.task(name="send", lane="tenant-{tenant}", rate_limit="10/s")(send)
    assert opts(task, 1, tenant="x y") == "q=tenant-x%20y|rsend/rate=100000=1"
    assert opts(task.options(priority=9, cost=2.5), 1) == "q=tenant-a|rsend/rate=100000=1=2.5,p=9"
    assert opts(app.task(name="low", priority=0)(send), 1) == "q=,p=0"
    assert opts(app.task(name="usual", priority=4)(send), 1) == "-"


def test_an_ordered_lane(app: StreamQ) -> None:
    task = app.task(name="send", lane="{user_id}", ordered=True, max_crashes=1)(send)
    assert opts(task, 5) == "q=5|o5"
    assert opts(task.options(max_crashes=2), 5) == "c=2,q=5|o5"


def test_an_order_without_a_lane_is_refused_where_it_is_said(app: StreamQ) -> None:
    with pytest.raises(TypeError, match=r"on send: ordered=True .* say which: lane="):
        app.task(name="send", ordered=True)(send)
    with pytest.raises(ConfigurationError, match=r"send: ordered=True"):
        app.task(name="send")(send).options(ordered=True).plan()


@pytest.mark.parametrize(
    "options",
    [
        {"lane": "{user}"},
        {"rate_limit": RateLimit(5, key="{user}")},
        {"concurrency": Concurrency(5, key="{user}")},
    ],
)
def test_a_key_that_names_no_argument_is_refused_where_it_is_said(
    app: StreamQ, options: dict[str, Any]
) -> None:
    said = r"send has no argument 'user'; its arguments are user_id, body, tenant"
    with pytest.raises(TypeError, match=said):
        app.task(name="send", **options)(send)
    plain = app.task(name="send")(send)
    with pytest.raises(TypeError, match=said):
        plain.options(**options)


def test_the_bound_job_is_no_argument(app: StreamQ) -> None:
    with pytest.raises(TypeError, match=r"send has no argument 'user_id'; its arguments are body"):
        app.task(name="send", bind=True, lane="{user_id}")(send)  # type: ignore[arg-type]


def test_a_value_that_makes_no_key_is_refused_by_the_call(app: StreamQ) -> None:
    task = app.task(name="send", lane="{user_id}")(send)
    with pytest.raises(TypeError, match=r"^send: lane='{user_id}': argument 'user_id' is list"):
        opts(task, [1])


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"rate_limit": "0/m"}, "at least 1"),
        ({"rate_limit": 0}, "rate_limit=0: write '10/s'"),
        ({"concurrency": 0}, "must be 1 to 1,000,000, not 0"),
        ({"concurrency": float("nan")}, "must be a whole number"),
        ({"priority": 10}, "must be 0 .lowest. to 9"),
        ({"priority": -1}, "must be 0 .lowest. to 9"),
        ({"priority": True}, "must be a whole number"),
        ({"cost": 0}, "more than 0"),
        ({"cost": float("nan")}, "more than 0"),
        ({"lane": ""}, "must not be empty"),
        ({"lane": "a\nb"}, "control character"),
        ({"lane": 7}, "must be a string"),
        ({"ordered": 1}, "must be True or False"),
    ],
)
def test_bad_options_are_refused_at_decoration(
    app: StreamQ, options: dict[str, Any], refusal: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^@app.task on send: .*{refusal}"):
        app.task(name="send", **options)(send)


def test_a_calls_own_limits_replace_its_tasks(app: StreamQ) -> None:
    task = app.task(name="send", rate_limit="10/m", lane="x")(send)
    found = opts(task.options(rate_limit=RateLimit(5, per=1, key="{user_id}")), 3)
    assert found.startswith("q=x|rsend/call-")
    assert found.endswith("!3=200000=1")
    assert opts(task.options(rate_limit=[]), 3) == "q=x"
    assert opts(task.options(rate_limit="10/m"), 3) == "q=x|rsend/rate=6000000=1"


def test_a_shared_limit_is_counted_under_its_name(app: StreamQ) -> None:
    github = app.limit("github", "60/m", queue="scrape")
    pull = app.task(name="pull", queue="scrape", rate_limit=github)(send)
    push = app.task(name="push", queue="scrape", rate_limit=["github", "1/s"])(send)
    assert opts(pull, 1) == "q=|rgithub=1000000=1"
    assert opts(push, 1) == "q=|rgithub=1000000=1|rpush/rate=1000000=1"


def test_a_shared_limit_may_be_declared_after_the_tasks_that_have_it(app: StreamQ) -> None:
    task = app.task(name="pull", queue="scrape", rate_limit="github")(send)
    with pytest.raises(ConfigurationError, match=r"no limit 'github' .*\n.*app.limit\('github'"):
        opts(task, 1)
    app.limit("github", "60/m", queue="scrape")
    assert opts(task, 1) == "q=|rgithub=1000000=1"


def test_a_queues_limits_hold_for_all_its_jobs(app: StreamQ) -> None:
    task = app.task(name="send", queue="mail")(send)
    assert opts(task, 1) == "-"
    app.queue("mail", rate_limit="100/s", concurrency=5, weights={"big": 3})
    assert opts(task, 1) == "q=|c@queue/concurrency=5|r@queue/rate=10000=1"
    assert "mail" in app.queues()


def test_a_queues_key_may_name_an_argument_of_its_tasks(app: StreamQ) -> None:
    app.queue("mail", concurrency=Concurrency(2, key="{user_id}"))
    task = app.task(name="send", queue="mail")(send)
    assert opts(task, 1) == "q=|c@queue/concurrency!1=2"
    other = app.task(name="tick", queue="mail")(lambda: None)
    with pytest.raises(TypeError, match=r"tick has no argument 'user_id'"):
        opts(other)


def test_a_task_that_goes_elsewhere_is_refused_with_what_to_do(app: StreamQ) -> None:
    task = app.task(name="send", queue="mail", rate_limit="10/m")(send)
    with pytest.raises(ConfigurationError) as caught:
        opts(task.options(queue="low"), 1)
    text = str(caught.value)
    assert "10/m is counted in queue 'mail'" in text
    assert "'low', where it isn't declared" in text
    assert "Send it to 'mail'" in text
    assert "rate_limit=" in text
    assert "app.limit(" in text
    assert text.count("\n") < 6
    assert opts(task.options(queue="low", rate_limit=[]), 1) == "-"
    assert opts(task.options(queue="low", rate_limit="10/m"), 1).startswith("q=|rsend/call-")


def test_a_shared_limit_elsewhere_is_refused_with_where_it_is(app: StreamQ) -> None:
    github = app.limit("github", "60/m", queue="scrape")
    task = app.task(name="pull", queue="low", rate_limit=github)(send)
    with pytest.raises(ConfigurationError, match="'github' is counted in queue 'scrape'"):
        opts(task, 1)
    app.limit("github", "6/m", queue="low")
    assert opts(task, 1) == "q=|rgithub=10000000=1"


def test_a_second_other_declaration_is_refused(app: StreamQ) -> None:
    app.limit("github", "60/m", queue="scrape")
    app.limit("github", "60/m", queue="scrape")
    with pytest.raises(ConfigurationError, match="declared before, as 60/m"):
        app.limit("github", "6/m", queue="scrape")
    app.queue("mail", concurrency=5)
    app.queue("mail", concurrency=5)
    with pytest.raises(ConfigurationError, match="declared before, with other options"):
        app.queue("mail", concurrency=6)


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"rate_limit": "0/s"}, r"app.queue\('mail'\): rate_limit='0/s'"),
        ({"weights": {"a": 0}}, r"weights\['a'\]: must be 0.001 to 1000"),
        ({"weights": {"{tenant}": 2}}, "not the template"),
        ({"weights": ["a"]}, "must be a dict"),
        ({"priority_aging": 0.5}, "must be 1 s or more"),
        ({"priority_aging": float("nan")}, "priority_aging"),
        ({"ratelimit": "1/s"}, "unknown option 'ratelimit'; did you mean 'rate_limit'"),
    ],
)
def test_bad_options_of_a_queue_are_refused(
    app: StreamQ, options: dict[str, Any], refusal: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=refusal):
        app.queue("mail", **options)
