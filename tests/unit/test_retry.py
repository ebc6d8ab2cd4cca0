from __future__ import annotations

import math
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from streamq.backoff import Backoff, as_delays, delays_from_json
from streamq.errors import GiveUp, Retry
from streamq.retry import Decision, Reason, RetryPolicy, decide

if TYPE_CHECKING:
    from streamq.backoff import Delays

BOOM = ValueError("boom")


def middle() -> float:
    return 0.5


def lowest() -> float:
    return 0.0


def highest() -> float:
    return 1 - 2**-53


def first_delays(backoff: object, count: int = 6) -> list[float]:
    return [as_delays(backoff).delay(n, BOOM, middle) for n in range(1, count + 1)]


def after(policy: RetryPolicy, attempt: int, error: BaseException, age: float = 0.0) -> Decision:
    return decide(policy, attempt, error, age_seconds=age, random=middle)


def test_the_default_backoff_is_5_s_times_4_up_to_an_hour() -> None:
    assert first_delays(Backoff(), 7) == [5, 20, 80, 320, 1280, 3600, 3600]


def test_the_default_backoff_spreads_20_percent_either_way() -> None:
    assert Backoff().delay(1, BOOM, lowest) == 4.0
    assert Backoff().delay(1, BOOM, highest) == pytest.approx(6.0)
    assert Backoff().delay(99, BOOM, highest) == pytest.approx(4320.0)


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [
        (10, [10, 10, 10]),
        (0, [0, 0, 0]),
        (timedelta(minutes=1), [60, 60, 60]),
        ([10, 60, 300], [10, 60, 300, 300]),
        ((timedelta(seconds=1), 2.5), [1, 2.5, 2.5]),
        (Backoff.fixed(7), [7, 7]),
        (Backoff.linear(5, cap=12, jitter=0), [5, 10, 12, 12]),
        (Backoff.exponential(1, 2, 5, 0), [1, 2, 4, 5, 5]),
        (Backoff.full_jitter(4, 2, 10), [2, 4, 5, 5]),
        (Backoff(base=5, factor=1), [5, 5, 5]),
        (Backoff(base=100, cap=60), [60, 60]),
        (lambda attempt: attempt * 2, [2, 4, 6]),
        (lambda attempt: timedelta(minutes=attempt), [60, 120]),
        (lambda attempt, error: attempt if isinstance(error, ValueError) else 0, [1, 2, 3]),
    ],
)
def test_each_shape_of_backoff(backoff: object, delays: list[float]) -> None:
    assert first_delays(backoff, len(delays)) == delays


@pytest.mark.parametrize(
    "backoff", [Backoff(), Backoff(factor=1e300), Backoff.linear(1e6), Backoff.full_jitter()]
)
def test_the_ten_thousandth_attempt_does_not_overflow(backoff: Delays) -> None:
    for attempt in (10_000, 10**18):
        delay = backoff.delay(attempt, BOOM, middle)
        assert math.isfinite(delay)
        assert 0 < delay <= 4320


@pytest.mark.parametrize(
    ("backoff", "kind"),
    [
        (-1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (1e300, ValueError),
        ([], ValueError),
        ([1, -1], ValueError),
        ([1, "2"], TypeError),
        ("10", TypeError),
        (True, TypeError),
        (timedelta(seconds=-1), ValueError),
    ],
)
def test_a_senseless_backoff_is_refused_when_declared(backoff: object, kind: type) -> None:
    with pytest.raises(kind, match="backoff"):
        RetryPolicy(backoff=backoff)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"base": -1},
        {"base": math.nan},
        {"base": math.inf},
        {"factor": 0.5},
        {"factor": math.inf},
        {"cap": math.inf},
        {"jitter": -0.1},
        {"jitter": 1.1},
        {"jitter": math.nan},
    ],
)
def test_senseless_numbers_of_a_backoff_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Backoff(**fields)


@pytest.mark.parametrize(
    "backoff",
    [Backoff(1, 2, 3, 0.4), Backoff.linear(5), Backoff.full_jitter(), [1, 2, 3], 7],
)
def test_a_backoff_comes_back_from_its_json(backoff: object) -> None:
    delays = as_delays(backoff)
    assert delays_from_json(delays.as_json()) == delays


def test_a_function_is_published_by_name_only() -> None:
    delays = as_delays(first_delays)
    assert delays.as_json()["name"].endswith("test_retry.first_delays")
    assert delays_from_json(delays.as_json()) is None


def test_a_partial_function_may_take_the_exception_too() -> None:
    def waits(factor: int, attempt: int, _error: BaseException) -> float:
        return factor * attempt

    assert first_delays(partial(waits, 10), 2) == [10, 20]


def test_nothing_is_retried_unless_asked() -> None:
    assert after(RetryPolicy(), 1, BOOM) == Decision(None, Reason.FAILED)


def test_max_attempts_counts_all_runs() -> None:
    policy = RetryPolicy(max_attempts=3, backoff=as_delays(1))
    assert after(policy, 1, BOOM) == Decision(1.0, Reason.RETRY)
    assert after(policy, 2, BOOM) == Decision(1.0, Reason.RETRY)
    assert after(policy, 3, BOOM) == Decision(None, Reason.FAILED)


def test_only_what_retry_on_names_is_retried() -> None:
    policy = RetryPolicy(max_attempts=9, retry_on=(OSError, "json.decoder.JSONDecodeError"))
    assert after(policy, 1, ConnectionError()).reason is Reason.RETRY
    assert after(policy, 1, BOOM).reason is Reason.FAILED
    assert after(policy, 1, KeyboardInterrupt()).reason is Reason.FAILED


def test_an_exception_is_recognised_by_name_with_its_subclasses() -> None:
    policy = RetryPolicy(max_attempts=9, retry_on=("builtins.OSError", "KeyError"))
    assert after(policy, 1, ConnectionError()).reason is Reason.RETRY
    assert after(policy, 1, KeyError()).reason is Reason.RETRY
    assert after(policy, 1, BOOM).reason is Reason.FAILED


def test_give_up_on_wins_over_retry_on() -> None:
    policy = RetryPolicy(max_attempts=9, give_up_on=(LookupError,))
    assert after(policy, 1, KeyError()) == Decision(None, Reason.GIVEN_UP)
    assert after(policy, 1, BOOM).reason is Reason.RETRY


def test_give_up_ends_it_whatever_the_policy() -> None:
    policy = RetryPolicy(max_attempts=9)
    assert after(policy, 1, GiveUp("bad address")) == Decision(None, Reason.GIVEN_UP)


def test_a_raised_retry_is_honoured_without_a_policy() -> None:
    assert after(RetryPolicy(), 7, Retry(countdown=10)) == Decision(10.0, Reason.RETRY)
    assert after(RetryPolicy(), 1, Retry()) == Decision(5.0, Reason.RETRY)


def test_a_raised_retry_ends_at_a_limit_that_someone_set() -> None:
    retry = Retry(countdown=10)
    assert after(RetryPolicy(max_attempts=3), 2, retry).delay == 10
    assert after(RetryPolicy(max_attempts=3), 3, retry) == Decision(None, Reason.FAILED)
    policy = RetryPolicy(max_attempts=1, limit_set=True)
    assert after(policy, 1, retry) == Decision(None, Reason.FAILED)


def test_a_snooze_is_never_too_often() -> None:
    policy = RetryPolicy(max_attempts=2)
    snooze = Retry(countdown=3, counted=False)
    assert after(policy, 50, snooze) == Decision(3.0, Reason.SNOOZE)


def test_no_run_is_planned_past_max_age() -> None:
    policy = RetryPolicy(max_attempts=9, backoff=as_delays(60), max_age=100)
    assert after(policy, 1, BOOM, age=39).delay == 60
    assert after(policy, 1, BOOM, age=41) == Decision(None, Reason.TOO_OLD)
    assert after(policy, 1, Retry(countdown=60, counted=False), age=41).reason is Reason.TOO_OLD


@pytest.mark.parametrize("answer", [-1, math.nan, "soon", None])
def test_a_backoff_function_that_answers_nonsense_is_replaced_for_once(answer: object) -> None:
    policy = RetryPolicy(max_attempts=2, backoff=as_delays(lambda _attempt: answer))
    decision = after(policy, 1, BOOM)
    assert decision.delay == 5.0
    assert "returned" in decision.problem


def test_a_backoff_function_that_raises_is_replaced_for_once() -> None:
    def broken(attempt: int) -> float:
        raise LookupError(attempt)

    decision = after(RetryPolicy(max_attempts=2, backoff=as_delays(broken)), 1, BOOM)
    assert decision == Decision(5.0, Reason.RETRY, "LookupError: 1")


@pytest.mark.parametrize(("given", "kind"), [(0, ValueError), (True, TypeError), (1.5, TypeError)])
def test_max_attempts_is_a_whole_number_from_1(given: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="max_attempts"):
        RetryPolicy(max_attempts=given)


@pytest.mark.parametrize("given", [int, 3, [3], ("",), BOOM])
def test_retry_on_takes_exception_classes_only(given: object) -> None:
    with pytest.raises(TypeError, match="retry_on"):
        RetryPolicy(retry_on=given)  # type: ignore[arg-type]


def test_the_published_policy_names_classes_and_functions() -> None:
    policy = RetryPolicy(max_attempts=5, backoff=as_delays([1, 2]), retry_on=(OSError,))
    assert policy.as_json() == {
        "max_attempts": 5,
        "backoff": {"kind": "list", "delays": [1.0, 2.0]},
        "retry_on": ["builtins.OSError"],
        "give_up_on": [],
        "max_age": None,
    }
