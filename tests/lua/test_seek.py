"""seek: the jobs that have not ended, by task and by what stands in their record, in pages."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.rig import Rig


def sought(rig: Rig, limit: int = 200, **what: str) -> set[str]:
    found: set[str] = set()
    cursor = ""
    while True:
        page = rig.run(operations.seek(rig.keys, cursor=cursor, limit=limit, **what))
        assert len(page.ids) <= page.looked_at
        found.update(page.ids)
        cursor = page.cursor
        if not cursor:
            return found


def test_seek_finds_every_job_that_has_not_ended_wherever_it_is(rig: Rig) -> None:
    rig.dead("dead")
    rig.running("run", "back", "side", "again", "done")
    rig.release("back")
    rig.strand("side")
    rig.retry("again")
    rig.ack("done")
    rig.enqueue("parked", opts="q=lane")
    rig.enqueue("later", due="+60000")
    rig.enqueue("new", task="u")
    here = {"run", "back", "side", "again", "parked", "later", "new"}
    with rig.unchanged():
        assert sought(rig) == here
        assert sought(rig, task="t") == here - {"new"}
        assert sought(rig, task="u") == {"new"}
        assert sought(rig, task="none") == set()


def test_seek_looks_at_what_stands_behind_the_head(rig: Rig) -> None:
    rig.enqueue("yes", body=b"\x93 .*tag-7%")
    rig.enqueue("no", body=b"\x93tag-8")
    assert sought(rig, part=".*tag-7%") == {"yes"}
    assert sought(rig, part="tag-") == {"yes", "no"}
    assert sought(rig, part="tag-", task="u") == set()
    assert sought(rig, part=" t ") == set()  # the head


@pytest.mark.parametrize("limit", [1, 50, 200])
def test_seek_finds_all_of_many_in_pages_of_any_size(rig: Rig, limit: int) -> None:
    ids = [f"j{i}" for i in range(600)]
    for at in range(0, 600, 200):
        rig.enqueue(*ids[at : at + 200])
    assert sought(rig, limit) == set(ids)


@pytest.mark.no_audit("a record is damaged")
def test_a_damaged_record_is_found_where_no_task_is_asked_for(rig: Rig) -> None:
    rig.enqueue("a")
    rig.admin.hset(rig.keys.key("jobs"), "a", b"rubbish")
    assert sought(rig) == {"a"}
    assert sought(rig, task="t") == set()


def test_one_dead_job_is_not_found(rig: Rig) -> None:
    rig.dead("dead")
    assert sought(rig) == set()
