"""page: the ids in one place, in the order in which they go, page by page."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.rig import Rig


def pages(rig: Rig, place: str, limit: int = 2) -> list[list[str]]:
    found, cursor = [], ""
    while True:
        page = rig.run(operations.page(rig.keys, place=place, cursor=cursor, limit=limit))
        found.append(page.ids)
        cursor = page.cursor
        if not cursor:
            return found


def flat(rig: Rig, place: str, limit: int = 2) -> list[str]:
    return [id_ for page in pages(rig, place, limit) for id_ in page]


@pytest.mark.parametrize("place", operations.PLACES)
def test_an_empty_place_is_one_empty_page(rig: Rig, place: str) -> None:
    assert flat(rig, place) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 200])
def test_waiting_is_what_was_handed_back_and_then_the_stream(rig: Rig, limit: int) -> None:
    rig.running("a", "b", "c")
    rig.enqueue("d", "e", "f")
    rig.release("c", "a")
    assert flat(rig, "waiting", limit) == ["a", "c", "d", "e", "f"]


def test_waiting_before_the_first_claim_is_the_whole_stream(rig: Rig) -> None:
    rig.enqueue("a", "b", "c")
    assert pages(rig, "waiting") == [["a", "b"], ["c"]]


def test_scheduled_is_by_due_time(rig: Rig) -> None:
    for id_, due in (("a", 3), ("b", 1), ("c", 2)):
        rig.enqueue(id_, due=f"+{due}00000")
    assert pages(rig, "scheduled") == [["b", "c"], ["a"]]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_running_is_by_lease(rig: Rig, limit: int) -> None:
    rig.running("a", "b", "x", token="T")
    rig.running("c", token="U")
    rig.running("d", "e", token="V")
    rig.ack("x")
    rig.lapse("V")
    assert flat(rig, "running", limit) == ["d", "e", "a", "b", "c"]
    assert pages(rig, "running", 3) == [["d", "e", "a", "b"], ["c"]], "whole claims"


def test_stranded_is_by_task(rig: Rig) -> None:
    rig.running("a", task="t.b")
    rig.strand("a", task="t.b")
    rig.running("b", "c", token="U", task="t.a")
    rig.strand("b", "c", token="U", task="t.a")
    assert pages(rig, "stranded") == [["b", "c"], ["a"]]


def test_dead_and_ended_are_newest_first(rig: Rig) -> None:
    rig.dead("a", "b", "c")
    rig.admin.zadd(rig.keys.key("dead"), {"b": 1, "a": 2})
    assert flat(rig, "dead") == ["c", "a", "b"]
    rig.running("d", "e")
    rig.ack("d", ttl_ms=60_000)
    rig.ack("e", ttl_ms=90_000)
    assert flat(rig, "ended") == ["e", "d"]


def test_heirs_are_all_there(rig: Rig) -> None:
    for key in ("a1", "a2", "a3"):
        unique = f"u={key}:swr:queue_one"
        rig.admit(operations.NewJob(f"{key}-runs", "t", b"", unique=unique))
        rig.claim(key)
        rig.admit(operations.NewJob(f"{key}-next", "t", b"", unique=unique))
    assert sorted(set(flat(rig, "heirs"))) == ["a1-next", "a2-next", "a3-next"]


def test_more_heirs_than_one_read_brings_come_page_by_page(rig: Rig) -> None:
    digests = [f"{n}".rjust(70, "d") for n in range(20)]  # so long that Redis keeps them in a table
    for n, digest in enumerate(digests):
        unique = f"u={digest}:swr:queue_one"
        rig.admit(operations.NewJob(f"runs{n}", "t", b"", unique=unique))
    rig.claim("T", len(digests))
    for n, digest in enumerate(digests):
        unique = f"u={digest}:swr:queue_one"
        rig.admit(operations.NewJob(f"next{n}", "t", b"", unique=unique))
    found = pages(rig, "heirs", 3)
    assert len(found) > 2, "not all at once"
    assert {id_ for page in found for id_ in page} == {f"next{n}" for n in range(20)}


def test_no_such_place_is_refused(rig: Rig) -> None:
    with pytest.raises(Exception, match="no such place"):
        rig.run(operations.page(rig.keys, place="elsewhere"))


def test_a_job_is_in_the_claim_that_holds_it_and_in_no_earlier_one(rig: Rig) -> None:
    rig.running("a", "b")
    rig.release("a")
    assert rig.claimed("U") == ["a"]
    assert pages(rig, "running", 200) == [["b", "a"]]


def test_the_largest_number_is_a_number(rig: Rig) -> None:
    rig.enqueue("a", due="+60000")
    call = operations.page(rig.keys, place="scheduled")
    assert rig.raw(call, [*call.args[:-1], str(2**53)]) == [b"", b"a"]


@pytest.mark.no_audit("a claim is lost")
def test_a_lease_whose_claim_is_lost_is_passed_over(rig: Rig) -> None:
    rig.running("a")
    rig.admin.zadd(rig.keys.key("leases"), {"gone": 1})
    assert flat(rig, "running") == ["a"]
