"""audit: a sound queue passes; each rule, broken by hand, is named with its key and member."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua import cases_schedules
from tests.lua.breaking import Broken, assert_named
from tests.lua.line_fuzz import LINE
from tests.lua.rig import HOUR_MS, LEASE_MS, Rig
from tests.lua.test_audit_unique import keyed

broken_on_purpose = pytest.mark.no_audit("a rule is broken by hand")


def lived_in(rig: Rig) -> None:
    """A job in every place and in every condition."""
    rig.dead("dead", "revived")
    rig.running("run", "run2", "back", "side", "again", "ends")
    rig.run(operations.progress(rig.keys, jobs=[("run", "T", b"half")]))
    rig.run(operations.checkpoint(rig.keys, lease_ms=LEASE_MS, jobs=[("back", "T", b"here")]))
    rig.release("back")
    rig.strand("side")
    rig.retry("again")
    follow = operations.follow_up("other", operations.NewJob("sent", "t", b"b"))
    ends = operations.Ack("ends", "T", "t", "ok", 3, HOUR_MS, b"value", follow)
    rig.run(operations.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[ends]))
    rig.run(operations.revive(rig.keys, ids=["revived"]))
    rig.enqueue("new")
    rig.enqueue("later", due="+60000")
    rig.wait("new", "run")
    assert rig.cancel("run2") == ["ASKED"]


def test_a_queue_with_a_job_in_every_place_is_sound(rig: Rig) -> None:
    lived_in(rig)
    with rig.unchanged():
        assert rig.violations() == []


def test_every_structure_is_walked_in_pages(rig: Rig) -> None:
    lived_in(rig)
    cases_schedules.watch(rig, 2)
    keyed(rig)
    for structure in set(operations.STRUCTURES) - {*LINE, "rates", "limits"}:  # see test_audit_line
        seen, cursor = 0, ""
        while True:
            call = operations.audit(rig.keys, structure=structure, cursor=cursor, limit=1)
            page = rig.run(call)
            assert page.violations == []
            seen, cursor = seen + page.members, page.cursor
            if not cursor:
                break
        whole = rig.run(operations.audit(rig.keys, structure=structure, limit=200))
        assert seen == whole.members >= 1, structure


def test_no_member_is_passed_over_between_two_pages(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", "d", "e", due="+60000")
    sizes: list[int] = []
    cursor = ""
    while not sizes or cursor:
        call = operations.audit(rig.keys, structure="scheduled", cursor=cursor, limit=2)
        page = rig.run(call)
        sizes, cursor = [*sizes, page.members], page.cursor
    assert sizes == [2, 2, 1]


def test_an_empty_queue_is_sound(rig: Rig) -> None:
    assert rig.violations() == []


BREAKS: dict[str, Broken] = {
    "a record is lost": (
        lambda r, k: r.admin.hdel(k("jobs"), "run"),
        *("what is named has a record", "state", "run"),
    ),
    "an outcome's waiter stays": (
        lambda r, k: r.admin.hset(k("waiters"), "gone", "c"),
        *("what is named has a record", "waiters", "gone"),
    ),
    "a failure stays": (
        lambda r, k: r.admin.hset(k("errors"), "gone", "c"),
        *("what is named has a record", "errors", "gone"),
    ),
    "progress stays": (
        lambda r, k: r.admin.hset(k("progress"), "gone", "c"),
        *("what is named has a record", "progress", "gone"),
    ),
    "a checkpoint stays": (
        lambda r, k: r.admin.hset(k("checkpoints"), "gone", "c"),
        *("what is named has a record", "checkpoints", "gone"),
    ),
    "an entry of nobody": (
        lambda r, k: r.admin.xadd(k("stream"), {"i": "gone"}),
        *("what is named has a record", "stream", "gone"),
    ),
    "an outbox entry is damaged": (
        lambda r, k: r.admin.xadd(k("outbox"), {"q": "other"}, id="9999999999999-7"),
        *("an outbox entry can be read", "outbox", "9999999999999-7"),
    ),
    "an outbox entry stands for a job that is here": (
        lambda r, k: r.admin.hset(k("jobs"), "sent", ".1-1 t -\nb"),
        *("what stands in the outbox is in no place here", "outbox", "sent"),
    ),
    "an outbox entry is lost": (
        lambda r, k: r.admin.xtrim(k("outbox"), maxlen=0),
        *("sent = delivered + in the outbox", "outbox", "0 + 0 of 1"),
    ),
    "a due time of nobody": (
        lambda r, k: r.admin.zadd(k("scheduled"), {"gone": 1}),
        *("what is named has a record", "scheduled", "gone"),
    ),
    "a dead nobody": (
        lambda r, k: r.admin.zadd(k("dead"), {"gone": 1}),
        *("what is named has a record", "dead", "gone"),
    ),
    "a stranded nobody": (
        lambda r, k: r.admin.zadd(k("stranded"), {"t gone": 0}),
        *("what is named has a record", "stranded", "gone"),
    ),
    "a state is damaged": (
        lambda r, k: r.admin.hset(k("state"), "run", "rubbish"),
        *("a state can be read", "state", "run"),
    ),
    "a record is damaged": (
        lambda r, k: r.admin.hset(k("jobs"), "run", "rubbish"),
        *("a record can be read", "jobs", "run"),
    ),
    "a retry is not scheduled": (
        lambda r, k: r.admin.zrem(k("scheduled"), "again"),
        *("a job is where its state says", "scheduled", "again"),
    ),
    "a new job for later is not scheduled": (
        lambda r, k: r.admin.zrem(k("scheduled"), "later"),
        *("a job is where its state says", "scheduled", "later"),
    ),
    "a dead job is not among the dead": (
        lambda r, k: r.admin.zrem(k("dead"), "dead"),
        *("a job is where its state says", "dead", "dead"),
    ),
    "a returned job is not among the returned": (
        lambda r, k: r.admin.zrem(k("returned"), "back"),
        *("a job is where its state says", "returned", "back"),
    ),
    "a running job is scheduled too": (
        lambda r, k: r.admin.zadd(k("scheduled"), {"run": 1}),
        *("a job is in one place only", "scheduled", "run"),
    ),
    "a waiting job is dead too": (
        lambda r, k: r.admin.zadd(k("dead"), {"new": 1}),
        *("a job is in one place only", "dead", "new"),
    ),
    "a running job is returned too": (
        lambda r, k: r.admin.zadd(k("returned"), {"run": 1}),
        *("a job is in one place only", "returned", "run"),
    ),
    "a stranded job is not set aside": (
        lambda r, k: r.admin.zrem(k("stranded"), "t side"),
        *("a stranded job is set aside", "stranded", "side"),
    ),
    "a running job is set aside": (
        lambda r, k: r.admin.zadd(k("stranded"), {"t run": 0}),
        *("a stranded job is set aside", "stranded", "run"),
    ),
    "a waiting job's entry is lost": (
        lambda r, k: r.admin.xdel(k("stream"), entry(r, "new")),
        *("a job that may run has its entry", "stream", "new"),
    ),
    "a running job's entry is not pending": (
        lambda r, k: r.admin.xack(k("stream"), "workers", entry(r, "run")),
        *("an entry is pending unless its job waits", "stream", "run"),
    ),
    "a waiting job's entry is pending": (
        lambda r, k: r.admin.xreadgroup("workers", "w", {k("stream"): ">"}),
        *("an entry is pending unless its job waits", "stream", "new"),
    ),
    "a running job has no lease": (
        lambda r, k: r.admin.zrem(k("leases"), "T"),
        *("a running job has a lease", "leases", "run"),
    ),
    "a claim has no lease": (
        lambda r, k: r.admin.zrem(k("leases"), "T"),
        *("a claim has a lease", "leases", "T"),
    ),
    "a claim does not name its job": (
        lambda r, k: r.admin.hset(k("claims"), "T", "w 1 run2"),
        *("a claim names its jobs", "claims", "run"),
    ),
    "a worker isn't told whom to end": (
        lambda r, k: r.admin.zrem(k("cancelling"), "w run2"),
        *("an end that is asked for is named to the worker", "cancelling", "run2"),
    ),
    "a worker is told to end what nobody asked for": (
        lambda r, k: r.admin.zadd(k("cancelling"), {"w run": 0}),
        *("what a worker is to end was asked for", "cancelling", "w run"),
    ),
    "another worker is told": (
        lambda r, k: r.admin.zadd(k("cancelling"), {"v run2": 0}),
        *("what a worker is to end was asked for", "cancelling", "v run2"),
    ),
    "the end of a dead job is asked for": (
        lambda r, k: r.admin.hset(k("state"), "dead", "D 1 0 5 failed 0 + 1:1:w!"),
        *("an end is asked for of a running job", "state", "dead"),
    ),
    "a lease has no claim": (
        lambda r, k: r.admin.hdel(k("claims"), "T"),
        *("a lease has a claim", "claims", "T"),
    ),
    "a claim holds less than it says": (
        lambda r, k: r.admin.hincrby(k("held"), "T", 1),
        *("a claim holds as many jobs as run", "held", "T"),
    ),
    "a claim that holds nothing": (
        lambda r, k: r.admin.hset(k("held"), "gone", 0),
        *("a claim has a lease", "leases", "gone"),
    ),
    "an outcome without an end": (
        lambda r, k: r.admin.zrem(k("results_expiry"), "ends"),
        *("a kept outcome has a value and an end", "results", "ends"),
    ),
    "an end without an outcome": (
        lambda r, k: r.admin.hdel(k("results"), "ends"),
        *("a kept outcome has a value and an end", "results_expiry", "ends"),
    ),
    "more was accepted than is known": (
        lambda r, k: r.admin.hincrby(k("counts"), "enqueued", 1),
        *("accepted = present + ended", "counts", "9 + 1 of 11"),
    ),
    "a job stands twice in the stream": (
        lambda r, k: r.admin.xadd(k("stream"), {"i": "new"}),
        *(
            "present = in the stream + parked + pumped + scheduled + dead + heirs",
            "jobs",
            "10 of 9",
        ),
    ),
    "what a claim holds is no number": (
        lambda r, k: r.admin.hset(k("held"), "T", "x"),
        *("pending + pumped = running + returned + stranded", "stream", "4 of 0 + 2"),
    ),
    "held and pending differ": (
        lambda r, k: r.admin.hincrby(k("held"), "T", 1),
        *("pending + pumped = running + returned + stranded", "stream", "4 of 3 + 2"),
    ),
}


def entry(rig: Rig, id_: str) -> str:
    rows: dict[str, str] = rig.snapshot()["stream"]
    return next(entry for entry, named in rows.items() if named == id_)


@broken_on_purpose
@pytest.mark.parametrize("name", BREAKS)
def test_each_rule_broken_is_named_with_its_key_and_member(rig: Rig, name: str) -> None:
    lived_in(rig)
    assert_named(rig, BREAKS[name])


def test_an_id_may_have_any_character_that_ids_have(rig: Rig) -> None:
    rig.running("a-b.c+d", "a-b")
    assert rig.violations() == []


@pytest.mark.no_audit("a claim names nobody")
def test_a_claim_without_jobs_is_named(rig: Rig) -> None:
    rig.running("a")
    rig.admin.hset(rig.keys.key("claims"), "T", "w 0 ")
    rules = {violation.rule for violation in rig.violations()}
    assert {"a claim names its jobs", "a claim holds as many jobs as run"} <= rules


@broken_on_purpose
def test_an_entry_that_was_deleted_under_its_job_is_named_itself(rig: Rig) -> None:
    rig.running("a")
    where = entry(rig, "a")
    rig.admin.xdel(rig.keys.key("stream"), where)
    assert {v.member for v in rig.violations() if v.key.endswith("pending")} <= {where}
    assert where in {v.member for v in rig.violations()}


@broken_on_purpose
def test_what_was_sent_is_held_to_what_arrived(rig: Rig) -> None:
    lived_in(rig)
    rig.admin.hset(rig.keys.key("counts"), mapping={"sent": 4, "delivered": 2})
    assert "2 + 1 of 4" in {v.member for v in rig.violations()}


@broken_on_purpose
def test_outcomes_and_their_ends_are_counted_too(rig: Rig) -> None:
    lived_in(rig)
    rig.admin.zrem(rig.keys.key("results_expiry"), "ends")
    assert "totals" in {v.member for v in rig.violations()}


@broken_on_purpose
def test_a_count_by_task_of_what_nobody_counted_is_named(rig: Rig) -> None:
    rig.enqueue("a")
    rig.admin.delete(rig.keys.key("counts"), rig.keys.key("tallied"))
    rig.admin.set(rig.keys.key("tally"), (1).to_bytes(8, "big"))
    assert "0: 1 of 0" in {v.member for v in rig.violations()}


def test_the_totals_are_one_page_of_one(rig: Rig) -> None:
    rig.enqueue("a")
    page = rig.run(operations.audit(rig.keys, structure="totals"))
    assert (page.members, page.cursor) == (1, "")
