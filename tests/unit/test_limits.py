from __future__ import annotations

import math
from datetime import timedelta

import pytest

from streamq.errors import ConfigurationError
from streamq.limits import (
    Concurrency,
    NamedLimit,
    RateLimit,
    concurrencies,
    named_limit,
    parse_rate,
    rate_limits,
)


@pytest.mark.parametrize(
    ("text", "limit", "per"),
    [
        ("10/s", 10, 1.0),
        ("10/m", 10, 60.0),
        ("500/h", 500, 3600.0),
        ("1000/d", 1000, 86400.0),
        (" 3 / 5m ", 3, 300.0),
    ],
)
def test_rates_as_text(text: str, limit: int, per: float) -> None:
    assert parse_rate(text) == RateLimit(limit, per=per)


@pytest.mark.parametrize("text", ["10", "10/", "/m", "10/x", "-1/m", "1.5/m", "ten/m", "10/m/s"])
def test_what_is_no_rate_is_refused_with_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"write '10/s', '10/m', '500/h', '1000/d' or RateLimit"):
        rate_limits(text)


@pytest.mark.parametrize("text", ["0/m", "10/0m"])
def test_a_rate_of_nothing_is_refused_with_what_holds_jobs_back(text: str) -> None:
    with pytest.raises(ValueError, match=r"at least 1; .*pause them"):
        rate_limits(text)


@pytest.mark.parametrize("limit", [0, -1, 1_000_001])
def test_a_limit_is_one_or_more(limit: int) -> None:
    for make in (RateLimit, Concurrency):
        with pytest.raises(ValueError, match="must be 1 to 1,000,000, not"):
            make(limit)


@pytest.mark.parametrize("limit", [1.5, math.nan, True, "10", None])
def test_a_limit_is_a_whole_number(limit: object) -> None:
    for make in (RateLimit, Concurrency):
        with pytest.raises(TypeError, match="must be a whole number"):
            make(limit)  # type: ignore[arg-type]


@pytest.mark.parametrize("per", [0, -1, math.nan, math.inf])
def test_a_time_is_more_than_nothing(per: float) -> None:
    with pytest.raises(ValueError, match="RateLimit"):
        RateLimit(1, per=per)


def test_a_rate_has_a_bound() -> None:
    assert RateLimit(1_000_000, per=1).interval == 1e-6
    with pytest.raises(ValueError, match="at most 1,000,000 starts a second"):
        RateLimit(2, per=1e-6)


@pytest.mark.parametrize("burst", [0, -1])
def test_a_burst_is_one_or_more(burst: int) -> None:
    with pytest.raises(ValueError, match="burst=1 lets one start at a time"):
        RateLimit(10, burst=burst)


def test_a_time_may_be_a_timedelta() -> None:
    assert RateLimit(10, per=timedelta(minutes=1)) == RateLimit(10)
    assert RateLimit(10).interval == 6.0


def test_keys_are_checked_where_they_are_written() -> None:
    with pytest.raises(ValueError, match=r"key='\{user.id\}'"):
        RateLimit(10, key="{user.id}")
    with pytest.raises(ValueError, match="key=''"):
        Concurrency(1, key="")


def test_limits_say_what_they_are() -> None:
    assert str(RateLimit(10)) == "10/m"
    assert str(RateLimit(3, per=5, burst=2)) == "3/5s burst 2"
    assert str(Concurrency(5)) == "5 at once"


def test_one_or_several_limits_are_taken() -> None:
    shared = NamedLimit("github", RateLimit(60), "scrape")
    assert rate_limits("10/m") == (RateLimit(10),)
    assert rate_limits(["10/m", RateLimit(5, key="{user}"), shared, "github"]) == (
        RateLimit(10),
        RateLimit(5, key="{user}"),
        shared,
        "github",
    )
    assert rate_limits([]) == ()
    assert concurrencies(5) == (Concurrency(5),)
    assert concurrencies([5, Concurrency(1, key="{user}")])[1] == Concurrency(1, key="{user}")


def test_the_same_limit_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="10/m is there twice"):
        rate_limits(["10/m", RateLimit(10)])
    with pytest.raises(ValueError, match="a job has at most 8"):
        rate_limits([f"{n}/m" for n in range(1, 10)])


def test_a_limit_of_the_other_kind_is_sent_to_the_other_option() -> None:
    with pytest.raises(TypeError, match="that is concurrency="):
        rate_limits(Concurrency(5))
    with pytest.raises(TypeError, match="that is rate_limit="):
        concurrencies(RateLimit(5))
    with pytest.raises(TypeError, match="so many in a time is rate_limit="):
        concurrencies("5/m")
    with pytest.raises(TypeError, match="so many at once is concurrency="):
        rate_limits(5)
    with pytest.raises(TypeError, match="say concurrency="):
        rate_limits(NamedLimit("db", Concurrency(5), "q"))
    with pytest.raises(TypeError, match="say rate_limit="):
        concurrencies(NamedLimit("db", RateLimit(5), "q"))


@pytest.mark.parametrize("given", [0, -3, True, 2.5, None, "no name!"])
def test_what_is_no_concurrency_is_refused(given: object) -> None:
    with pytest.raises((TypeError, ValueError), match="concurrency"):
        concurrencies(given)


def test_named_limits() -> None:
    assert named_limit("github", "60/m", "scrape").limit == RateLimit(60)
    assert named_limit("db", 5, "q").limit == named_limit("db", Concurrency(5), "q").limit
    with pytest.raises(ConfigurationError, match="a name has 1 to 128"):
        named_limit("git hub", "60/m", "scrape")
    with pytest.raises(TypeError, match=r"app.limit\('x'\): write"):
        named_limit("x", None, "q")
    with pytest.raises(ValueError, match=r"app.limit\('x'\)='0/m'"):
        named_limit("x", "0/m", "q")
