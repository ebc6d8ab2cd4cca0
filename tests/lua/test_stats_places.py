"""The hundred places of tasks that are counted: who gets one, and who leaves it."""

from __future__ import annotations

import time

import pytest

from tests.lua.rig import HOUR_MS, Rig
from tests.lua.test_stats import history, one_server, set_back, tally


@one_server
def test_tasks_beyond_the_places_share_one(rig: Rig) -> None:
    for n in range(120):
        rig.enqueue(f"j{n}", task=f"task{n}")
    found = tally(rig).by_task()
    assert len(found) == 100
    assert found["(other)"].counts["enqueued"] == 21
    assert sum(one.counts["enqueued"] for one in found.values()) == 120


@one_server
def test_tasks_not_seen_for_three_days_leave_their_places_and_their_numbers(rig: Rig) -> None:
    for n in range(120):
        rig.enqueue(f"j{n}", task=f"task{n}")
    time.sleep(0.005)
    assert len(rig.claimed(limit=120)) == 120
    first = tally(rig).by_task()["task0"].waited
    hour = rig.now_ms() // HOUR_MS
    set_back(rig, HOUR_MS)
    rig.enqueue("x", task="task5")  # all were seen in the hour before
    seen = rig.admin.hget(rig.keys.key("tallied"), "!seen")
    assert isinstance(seen, bytes)
    long_ago = (hour - 74).to_bytes(4)
    rig.admin.hset(rig.keys.key("tallied"), "!seen", seen[:-120] + long_ago * 30)
    set_back(rig, HOUR_MS)
    rig.enqueue("y", task="task5")
    rig.enqueue("z", task="new")
    found = tally(rig).by_task()
    assert len(found) == 100 - 20 + 1
    assert (found["new"].counts["enqueued"], found["new"].waited.count) == (1, 0)
    assert found["task5"].counts["enqueued"] == 3
    assert found["(other)"].counts["enqueued"] == found["(other)"].counts["started"] == 41
    assert found["(other)"].waited.count == 41
    assert found["task0"].waited == first, "which has the place behind that of all others"
    assert rig.violations() == []


@one_server
@pytest.mark.parametrize(
    ("places", "seen", "stays"), [(79, 0, True), (80, 0, False), (80, 99, True)]
)
def test_the_only_task_not_seen_leaves_once_eighty_places_are_taken(
    rig: Rig, places: int, seen: int, stays: bool
) -> None:
    rig.enqueue("a", "b", task="old")
    set_back(rig, HOUR_MS)
    rig.enqueue("c", task="new")
    rig.admin.hset(rig.keys.key("tallied"), mapping={"!slots": places, "!seen": bytes([seen]) * 8})
    set_back(rig, HOUR_MS)
    rig.enqueue("d", "e", task="new")
    tallied = rig.snapshot()["tallied"]
    assert ("old" in tallied, "!free" in tallied) == (stays, not stays)


def test_while_there_is_room_no_task_loses_its_place(rig: Rig) -> None:
    rig.enqueue("a", task="old")
    set_back(rig, HOUR_MS)
    rig.enqueue("b")
    place = rig.snapshot()["tallied"]["old"]
    rig.admin.hset(rig.keys.key("tallied"), "!seen", b"\0" * 12)
    set_back(rig, HOUR_MS)
    rig.enqueue("c")
    assert rig.snapshot()["tallied"]["old"] == place


def test_the_last_number_of_the_last_place_is_in_the_history_too(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rig.worker_is("w", alive=True)
    rig.reclaim()
    set_back(rig, HOUR_MS)
    rig.enqueue("b")
    [minute] = [span for span in history(rig) if not span.is_hour]
    assert minute.tasks[1].counts["reclaimed"] == 1


@one_server
def test_all_numbers_of_a_task_that_leaves_are_those_of_all_others(rig: Rig) -> None:
    rig.running("a", task="old")
    rig.lapse("T")
    rig.worker_is("w", alive=True)
    rig.reclaim()
    set_back(rig, HOUR_MS)
    rig.enqueue("b", task="new")
    rig.admin.hset(rig.keys.key("tallied"), mapping={"!slots": 80, "!seen": b"\0" * 8})
    set_back(rig, HOUR_MS)
    rig.enqueue("c", task="new")
    found = tally(rig).by_task()
    assert "old" not in found
    assert found["(other)"].counts["reclaimed"] == 1
