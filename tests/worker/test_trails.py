"""How what jobs say is divided into calls."""

from __future__ import annotations

from typing import cast

from streamq.worker.held import Held
from streamq.worker.trails import AT_ONCE, CALL_BYTES, SHARES, Due, Trail, in_short_calls


def says(*entries: bytes) -> Due:
    return (cast("Held", None), "log", Trail(1000), list(entries))


def test_many_jobs_that_say_much_are_sent_in_several_calls() -> None:
    due = [says(*[b"line"] * AT_ONCE) for _ in range(30)]
    calls = list(in_short_calls(due))
    assert [one for call in calls for one in call] == due
    assert len(calls) == 30


def test_many_jobs_that_say_large_things_are_sent_in_several_calls() -> None:
    due = [says(b"x" * (CALL_BYTES // 2)) for _ in range(30)]
    calls = list(in_short_calls(due))
    assert [one for call in calls for one in call] == due
    assert max(map(len, calls)) == 1


def test_what_many_jobs_say_in_a_word_goes_in_few_calls() -> None:
    due = [says(b"word") for _ in range(SHARES)]
    assert list(map(len, in_short_calls(due))) == [SHARES // 2] * 2
    assert not list(in_short_calls([]))
