"""What a transition does at the very ms at which something is due or ends, and just before it.

What is due at a ms is due then; what lasts until a ms is over then. Only a worker still counts as
alive at the ms that it lives until, and a promise to look again is kept then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamq import operations as op
from streamq.operations import NewJob
from streamq.operations.lease import DEAD_TTL_MS, WORKER_TTL_MS
from streamq.operations.schedule import FORGET_MS, HOLD_MS
from tests.lua.cases_schedules import NAME, declared, fire_call
from tests.lua.rig import BODY, LEASE_MS
from tests.lua.still import StillRig

GAP_MS = 10_000  # as `reclaim` of the rig has it


def marked(rig: StillRig) -> bool:
    """Whether a worker was woken since one last asked."""
    return bool(rig.admin.delete(rig.keys.key("wake")))


# --- ends -------------------------------------------------------------------------------------


def test_an_outcome_is_there_until_the_ms_of_its_end(still: StillRig) -> None:
    still.running("a")
    still.ack("a", ttl_ms=1000)
    still.later(999, 999)
    assert still.run(op.look(still.keys, ids=["a"]))[0].outcome is not None
    assert still.wait("a") == ["ended"]
    assert still.run(op.sweep(still.keys)).results == 0
    still.later(0, 1)
    assert still.run(op.look(still.keys, ids=["a"]))[0].outcome is None
    assert still.wait("a") == ["unknown"]
    assert still.run(op.sweep(still.keys)).results == 1


def test_a_dead_job_goes_at_the_ms_at_which_it_has_been_dead_for_so_long(still: StillRig) -> None:
    still.dead("a")
    still.later(DEAD_TTL_MS - 1, 999)
    assert still.run(op.sweep(still.keys)).dead == 0
    still.later(0, 1)
    assert still.run(op.sweep(still.keys)).dead == 1


def register(rig: StillRig, alive_ms: int) -> None:
    call = op.register(rig.keys, worker="w", alive_ms=alive_ms, info="{}", tasks={})
    assert rig.run(call) == "OK"


def test_a_worker_lives_to_the_end_of_its_last_ms(still: StillRig) -> None:
    register(still, 1000)
    tell = op.instruct(still.keys, worker="w", order="quiet")
    still.later(1000, 999)
    assert still.run(op.count(still.keys))["workers"] == 1
    assert still.run(tell) == "OK"
    still.later(0, 1)
    assert still.run(op.count(still.keys))["workers"] == 0
    assert still.run(tell) == "UNKNOWN"


def test_a_dead_worker_is_forgotten_at_the_ms_at_which_that_is_due(still: StillRig) -> None:
    register(still, 1000)
    still.later(1000 + WORKER_TTL_MS - 1, 999)
    assert still.run(op.sweep(still.keys)).workers == 0
    still.later(0, 1)
    assert still.run(op.sweep(still.keys)).workers == 1


# --- leases -----------------------------------------------------------------------------------


def keep_reclaiming(rig: StillRig, ms: int) -> None:
    """Time passes without a gap, but the last of it."""
    for _ in range(ms // GAP_MS):
        rig.reclaim()
        rig.later(GAP_MS)


def test_a_lease_is_lost_at_the_ms_of_its_deadline(still: StillRig) -> None:
    still.running("a")
    keep_reclaiming(still, LEASE_MS)
    still.later(0, -1)
    found = still.reclaim()
    assert (found.jobs, found.next_ms) == ([], 1)
    still.later(0, 1)
    assert still.reclaim().jobs == [("a", "w")]


@pytest.mark.parametrize(("more_ms", "reason"), [(0, "reclaimed"), (1, "crashed")])
def test_a_run_is_a_crash_where_its_worker_was_dead_by_then(
    still: StillRig, more_ms: int, reason: str
) -> None:
    still.running("a")
    register(still, LEASE_MS)
    still.later(LEASE_MS + more_ms)
    assert still.reclaim().jobs == [("a", "w")]
    assert still.state()["state"]["a"].endswith(reason)


@pytest.mark.parametrize(
    ("away_ms", "grace_ms"),
    [(GAP_MS, 0), (GAP_MS + 1, LEASE_MS), (-GAP_MS, 0), (-GAP_MS - 1, LEASE_MS)],
)
def test_a_gap_is_one_that_is_longer_than_that(
    still: StillRig, away_ms: int, grace_ms: int
) -> None:
    still.reclaim()
    still.later(away_ms)
    assert still.reclaim().grace_ms == grace_ms


def test_after_a_gap_leases_count_again_at_the_ms_of_the_end_of_the_grace(still: StillRig) -> None:
    still.running("a")
    still.reclaim()
    still.later(LEASE_MS)
    assert still.reclaim().grace_ms == LEASE_MS
    keep_reclaiming(still, LEASE_MS)
    still.later(0, -1)
    found = still.reclaim()
    assert (found.jobs, found.grace_ms) == ([], 1)
    still.later(0, 1)
    found = still.reclaim()
    assert (found.jobs, found.grace_ms) == ([("a", "w")], 0)


# --- what is due ------------------------------------------------------------------------------


def promoted(rig: StillRig) -> tuple[int, int]:
    found = rig.run(op.promote(rig.keys))
    return found.moved, found.next_due_ms


def test_a_job_is_due_at_its_ms(still: StillRig) -> None:
    still.enqueue("a", due="+1000")
    still.enqueue("b", due=f"@{still.ms + 1001}")
    still.later(999, 999)
    assert promoted(still) == (0, 1)
    assert still.claim("T0").next_due_ms == 1
    still.later(0, 1)
    assert still.claim("T1").next_due_ms == 0
    assert promoted(still) == (1, 1)


def test_only_what_is_due_before_all_others_wakes_a_worker(still: StillRig) -> None:
    still.running("a", "b", "c")
    still.enqueue("first", due="+60000")
    marked(still)
    still.enqueue("equal", due="+60000")
    assert not marked(still)
    still.retry("a", delay_ms=60_000)
    assert not marked(still)
    still.retry("b", delay_ms=59_999)
    assert marked(still)
    still.enqueue("earlier", due="+59998")
    assert marked(still)
    still.retry("c", delay_ms=-1)
    assert still.due("c") == still.ms, "no earlier than now"


def test_a_job_is_too_late_at_the_ms_of_its_expiry(still: StillRig) -> None:
    still.enqueue("a", "b", expires="+1000")
    still.later(999, 999)
    assert still.claimed("T1", 1) == ["a"]
    still.later(0, 1)
    assert (still.claimed("T2"), still.state()["results"].keys()) == ([], {"b"})


def test_so_is_one_in_the_line(still: StillRig) -> None:
    still.enqueue("a", "b", expires="+1000", opts="q=lane")
    still.later(999, 999)
    assert still.claimed("T1", 1) == ["a"]
    still.later(0, 1)
    assert (still.claimed("T2"), still.state()["results"].keys()) == ([], {"b"})


@pytest.mark.parametrize(("us", "ends"), [(999, False), (1000, True)])
def test_so_is_one_whose_task_is_paused(still: StillRig, us: int, ends: bool) -> None:
    still.enqueue("a", expires="+1000")
    still.run(op.pause(still.keys, what="task", name="t"))
    still.later(999, us)
    assert still.claimed() == []
    assert ("results" in still.snapshot(), "parked" in still.snapshot()) == (ends, not ends)


# --- unique keys ------------------------------------------------------------------------------


def keyed(id_: str, letters: str = "swr", mode: str = "queue_one", **more: Any) -> NewJob:
    return NewJob(id_, "t", BODY, unique=f"u=ab:{letters}:{mode}", **more)


@pytest.mark.parametrize(("us", "state", "owners"), [(999, "S", set()), (1000, "W", {"b"})])
def test_an_heir_that_is_due_at_this_ms_waits_at_once_and_has_what_such_a_job_has(
    still: StillRig, us: int, state: str, owners: set[str]
) -> None:
    still.admit(keyed("a"))
    still.claim()
    assert still.admit(keyed("b", "wr", due="+1000")) == [("OK", "b")]
    still.later(999, us)
    assert still.ack("a") == ["OK"]
    found = still.snapshot()
    assert found["state"]["b"][0] == state
    assert set(found.get("unique", {}).values()) == owners


def test_a_key_is_free_where_the_call_that_replaces_does_not_hold_it(still: StillRig) -> None:
    still.admit(keyed("a", "sw", "replace"))
    assert still.admit(keyed("b", "s", "replace")) == [("REPLACED", "a")]
    assert "unique" not in still.snapshot()


def test_a_debounced_job_is_due_at_the_end_of_its_longest_wait_or_now(still: StillRig) -> None:
    call = keyed("a", "sw", "replace,d=1000:1500", due="+1000")
    still.admit(call)
    began = still.ms
    still.later(500)
    assert still.admit(replace(call, id="b")) == [("REPLACED", "a")]
    assert still.due("a") == began + 1500
    still.later(1100)
    still.admit(replace(call, id="c"))
    assert still.due("a") == began + 1600, "it has waited for too long already"


# --- schedules --------------------------------------------------------------------------------


def declares(rig: StillRig, author: str) -> str:
    [word] = declared(rig, NAME, author=author)
    return word


@pytest.mark.parametrize(("ms", "word"), [(HOLD_MS, "OLDER"), (HOLD_MS + 1, "OK")])
def test_the_code_before_is_back_once_the_newer_has_not_been_declared_for_longer_than_that(
    still: StillRig, ms: int, word: str
) -> None:
    declares(still, "f1")
    still.later(1)
    assert declares(still, "f2") == "OK"
    still.later(ms)
    assert declares(still, "f1") == word


@pytest.mark.parametrize(("ms", "word"), [(HOLD_MS, "OLDER"), (HOLD_MS + 1, "OK")])
def test_of_two_that_were_first_seen_in_the_same_ms_the_definition_stays_as_long(
    still: StillRig, ms: int, word: str
) -> None:
    declares(still, "f1")
    assert declares(still, "f2") == "OK"
    still.later(ms)
    assert declares(still, "f1") == word


@pytest.mark.parametrize(("ms", "word"), [(FORGET_MS, "OLDER"), (FORGET_MS + 1, "OK")])
def test_a_declaration_that_was_not_seen_for_longer_than_that_is_new(
    still: StillRig, ms: int, word: str
) -> None:
    declares(still, "f1")
    still.later(ms - 1)
    assert declares(still, "f2") == "OK"
    still.later(1)
    assert declares(still, "f1") == word


@pytest.mark.parametrize(("ms", "word"), [(HOLD_MS, "DECLARED"), (HOLD_MS + 1, "OK")])
def test_a_schedule_can_be_deleted_once_it_was_not_declared_for_longer_than_that(
    still: StillRig, ms: int, word: str
) -> None:
    declares(still, "f1")
    still.later(ms)
    assert still.run(op.withdraw(still.keys, schedules=[NAME], hold_ms=HOLD_MS)) == [word]


def test_the_eight_that_were_seen_last_are_kept(still: StillRig) -> None:
    for n in range(9):
        declares(still, f"f{n}")
        still.later(1)
    seen = still.snapshot()["schedule_seen"][NAME]
    assert [text.split()[0] for text in seen.split(";")] == [f"f{8 - n}" for n in range(8)]


def test_so_many_as_are_kept_may_be_seen_in_the_same_ms(still: StillRig) -> None:
    for n in range(20):
        assert declares(still, f"f{n}") == "OK"
    assert still.snapshot()["schedule_seen"][NAME].count(";") == 7


def test_a_definition_stays_where_it_is_not_known_who_was_seen(still: StillRig) -> None:
    declares(still, "f1")
    still.admin.delete(still.keys.key("schedule_seen"))
    with still.unchanged("schedule_seen"):
        assert declares(still, "f1") == "SAME"


def watch(rig: StillRig, **more: int) -> op.Watched:
    return rig.run(op.watch(rig.keys, **{"look_ms": 2_000, "slack_ms": 100, **more}))


@pytest.mark.parametrize("late", [False, True])
def test_a_look_at_the_ms_that_was_promised_is_in_time(still: StillRig, late: bool) -> None:
    declares(still, "f1")
    watch(still)
    still.later(2100 + late)
    assert watch(still).missed_ms == (still.ms if late else 0)


def test_a_tick_without_a_job_leaves_no_word_and_wakes_nobody(still: StillRig) -> None:
    declares(still, "f1")
    fire = fire_call(still, 0, next_cursor="9000000000000", look_at_ms=9 * 10**12)
    assert still.run(fire) == ["OK"]
    assert not {"wake", "schedule_log"} & still.snapshot().keys()


def test_a_tick_is_due_at_its_ms(still: StillRig) -> None:
    declares(still, "f1")
    at_ms = still.ms + 1000
    fire = fire_call(still, 0, next_cursor=str(at_ms), look_at_ms=at_ms)
    assert still.run(fire) == ["OK"]
    still.later(999, 999)
    assert (watch(still).due, watch(still).next_ms) == ([], 1)
    still.later(0, 1)
    found = watch(still)
    assert ([one.name for one in found.due], found.next_ms) == ([NAME], -1)
