"""How row 13 judges; the row itself has a queue of a million, and is no test."""

from __future__ import annotations

from tests.faults.harness import Figures
from tests.faults.million import ROW


def _round(calls: int, over: int, how: str = "live") -> Figures:
    figures = Figures()
    figures.add(**{f"claim_{how}_calls": calls, f"claim_{how}_over": over})
    return figures


def test_one_call_in_a_thousand_of_all_rounds_may_be_over() -> None:
    assert not ROW.total([_round(900, 1), _round(900, 0)]).broken
    assert ROW.total([_round(900, 1), _round(900, 1)]).broken == [
        "claim_live: 2 of 1800 calls over 5 ms"
    ]
    assert ROW.total([_round(999, 1)]).broken


def test_situations_are_judged_each_by_itself() -> None:
    assert ROW.total([_round(5000, 0), _round(500, 1, "live_much")]).broken == [
        "claim_live_much: 1 of 500 calls over 5 ms"
    ]


def test_the_embedded_server_is_only_measured() -> None:
    assert not ROW.total([_round(100, 100, "embedded_live")]).broken
