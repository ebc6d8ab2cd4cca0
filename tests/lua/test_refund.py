"""release of what never began: its rates have their start back, if it was the last they gave."""

from __future__ import annotations

import time

import pytest

from streamq import operations as op
from tests.lua.rig import Rig

HOUR = 3_600_000_000
ONE = f"q=|rone={HOUR}=1"


def hand_back(rig: Rig, *ids: str, token: str, unused: bool = True) -> None:
    jobs = [op.HandBack(id_, token, unused=unused) for id_ in ids]
    words = rig.run(op.release(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs))
    assert set(words) == {"OK"}


@pytest.mark.parametrize("unused", [True, False])
def test_a_start_that_was_not_used_is_the_next_ones(rig: Rig, unused: bool) -> None:
    rig.enqueue("a", "b", opts=ONE)
    assert rig.claimed("T1") == ["a"]
    hand_back(rig, "a", token="T1", unused=unused)
    assert rig.claimed("T2") == (["a"] if unused else [])
    assert rig.claimed("T3") == [], "one start, once"
    rig.admin.flushall()


def test_all_the_rates_of_a_job_have_it_back(rig: Rig) -> None:
    rig.enqueue("a", "b", opts=f"q=|rone={HOUR}=1=2|rtwo!k={HOUR}=1")
    assert rig.claimed("T1") == ["a"]
    hand_back(rig, "a", token="T1")
    assert rig.claimed("T2") == ["a"]
    rig.admin.flushall()


def test_several_that_were_granted_ahead_are_all_given_back(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", "d", opts="q=|rone=9000=1")
    ahead = rig.claimed("T1")
    assert ahead[:2] == ["a", "b"]
    [(_, free_at)] = rig.admin.zscan_iter(rig.keys.key("rates"))
    hand_back(rig, *ahead, token="T1")
    [(_, again)] = rig.admin.zscan_iter(rig.keys.key("rates"))
    assert free_at - again == pytest.approx(9090 * len(ahead), abs=1)
    assert rig.claimed("T2")[:2] == ["a", "b"]
    rig.admin.flushall()


def test_what_others_were_granted_after_it_counts_from_it(rig: Rig) -> None:
    """Else two could start at once where one may."""
    rig.enqueue("a", "b", opts="q=|rone=15000=1")
    assert rig.claimed("T1") == ["a", "b"]
    before = rig.admin.zscore(rig.keys.key("rates"), "rone")
    hand_back(rig, "a", token="T1")
    assert rig.admin.zscore(rig.keys.key("rates"), "rone") == before
    rig.admin.flushall()


def test_a_rate_that_was_changed_meanwhile_gives_nothing_back(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rone=15000=1")
    assert rig.claimed("T1") == ["a"]
    before = rig.admin.zscore(rig.keys.key("rates"), "rone")
    rig.run(op.set_limits(rig.keys, values={"one": f"r {HOUR} 1"}))
    hand_back(rig, "a", token="T1")
    assert rig.admin.zscore(rig.keys.key("rates"), "rone") == before
    rig.admin.flushall()


def test_who_waits_for_it_is_looked_at(rig: Rig) -> None:
    rig.enqueue("a", "b", opts=ONE)
    assert rig.claimed("T1") == ["a"]
    assert rig.claimed("T2") == []
    rig.admin.delete(rig.keys.key("wake"))
    hand_back(rig, "a", token="T1")
    assert rig.state()["wake"] == ["1"]
    gate = rig.admin.zscore(rig.keys.key("gates"), "rone")
    assert gate is None or gate <= time.time() * 1e6
    assert rig.claimed("T3") == ["a"], "at its place"
    rig.admin.flushall()


@pytest.mark.parametrize("whose", ["one", "one!k"])
def test_what_was_set_for_a_rate_or_its_key_says_what_a_start_was_worth(
    rig: Rig, whose: str
) -> None:
    rig.run(op.set_limits(rig.keys, values={whose: "r 60000000 1"}))
    rig.enqueue("a", "b", opts=f"q=|rone!k={HOUR}=1")
    assert rig.claimed("T1") == ["a"]
    hand_back(rig, "a", token="T1")
    assert rig.claimed("T2") == ["a"]
    rig.admin.flushall()
