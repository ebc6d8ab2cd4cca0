"""audit of the line: a sound one passes, and whatever belongs to nobody is named."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.breaking import Broken, assert_named
from tests.lua.line_fuzz import LINE
from tests.lua.rig import Rig

RULE = "what is in the line belongs to a live job"
HEAD = r"5\d{16}"


def lived_in(rig: Rig) -> None:
    """One runs, one waits for it, one has a lane's turn before it, one has expired soon."""
    rig.enqueue("later", opts="q=d|ctwo=2")
    assert rig.claimed("L") == ["later"]
    rig.retry("later", token="L")
    rig.enqueue("runs", opts="q=a|cone=1")
    rig.enqueue("waits", opts="q=a|cone=1")
    rig.enqueue("limited", opts="q=b|rone=3600000000=1", expires="+60000")
    rig.enqueue("again", opts="q=c|oc")
    rig.enqueue("other", opts="q=others")  # a lane that looks like an ordered one's limiter
    rig.enqueue("more", opts="q=b|rone=3600000000=1")
    assert rig.claimed(limit=5) == ["runs", "limited", "other", "again"]
    rig.release("limited")
    rig.retry("again", "other")
    rig.enqueue("behind", opts="q=c|oc")


def test_a_line_with_jobs_at_every_kind_of_gate_is_sound(rig: Rig) -> None:
    lived_in(rig)
    with rig.unchanged():
        assert rig.violations() == []


def test_every_structure_is_walked_in_pages(rig: Rig) -> None:
    lived_in(rig)
    rig.run(operations.set_limits(rig.keys, values={"weight a": "3", "aging": "9000"}))
    for structure in (*LINE, "rates", "limits"):
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


BREAKS: dict[str, Broken] = {
    "a parked job is not in the line": (
        lambda r, k: r.admin.delete(k("parked")),
        *("a parked job is in the line", "parked", "waits"),
    ),
    "a member of nobody": (
        lambda r, k: r.admin.zadd(k("parked"), {"t|a\x0050000000000000001 gone": 0}),
        *(RULE, "parked", "t|a 50000000000000001 gone"),
    ),
    "a job stands twice in the line": (
        lambda r, k: r.admin.zadd(k("parked"), {"t|a|cone=1\x0050000000000000001 waits": 0}),
        *(RULE, "parked", "t|a|cone=1 50000000000000001 waits"),
    ),
    "a class stands where its head is not": (
        lambda r, k: r.admin.zadd(k("line"), {"*\0a\x0050000000000000001 gone\0t|a": 0}),
        *(RULE, "line", "* a 50000000000000001 gone t|a"),
    ),
    "a turn of a lane that is not there": (
        lambda r, k: r.admin.zadd(k("turns"), {"*\x00500000000000000\0z": 0}),
        *(RULE, "turns", "* 500000000000000 z"),
    ),
    "a place of a class that has no job": (
        lambda r, k: r.admin.hset(k("places"), "t|z", "*\x0050000000000000001 gone"),
        *(RULE, "places", "t|z"),
    ),
    "a seat of a lane that has no turn": (
        lambda r, k: r.admin.hset(k("places"), "*\0z", "500000000000000"),
        *(RULE, "places", "* z"),
    ),
    "a seat that is said to have one class": (
        lambda r, k: r.admin.hset(k("places"), "cone\0a", "500000000010000\0t|other"),
        *(RULE, "turns", "cone 500000000010000 a"),
    ),
    "a gate where nobody waits": (
        lambda r, k: r.admin.zadd(k("gates"), {"cnone": 1}),
        *(RULE, "gates", "cnone"),
    ),
    "a gate that is lost": (
        lambda r, k: r.admin.zrem(k("gates"), "cone"),
        *(RULE, "turns", "cone 500000000010000 a"),
    ),
    "a slot of nobody": (
        lambda r, k: r.admin.zadd(k("slots"), {"cone\0gone": 0}),
        *(RULE, "slots", "cone gone"),
    ),
    "a slot of one that runs, of a limit that isn't its own": (
        lambda r, k: r.admin.zadd(k("slots"), {"ctwo\0runs": 0}),
        *(RULE, "slots", "ctwo runs"),
    ),
    "a slot of one that waits": (
        lambda r, k: r.admin.zadd(k("slots"), {"cone\0waits": 0}),
        *(RULE, "slots", "cone waits"),
    ),
    "a slot that is lost": (
        lambda r, k: r.admin.zrem(k("slots"), "cone\0runs"),
        *("what runs has its slots", "slots", "runs"),
    ),
    "one that waits was pumped": (
        lambda r, k: r.admin.zadd(k("pumped"), {"waits": 0}),
        *(RULE, "pumped", "waits"),
    ),
    "one that runs was not pumped": (
        lambda r, k: r.admin.zrem(k("pumped"), "runs"),
        *("what runs has an entry or was pumped", "pumped", "runs"),
    ),
    "who waits for a retry lost its ordered lane": (
        lambda r, k: r.admin.zrem(k("slots"), "oc\0again"),
        *("who waits for a retry keeps its ordered lane", "slots", "again"),
    ),
    "a lease of one that was pumped is lost": (
        lambda r, k: r.admin.zrem(k("leases"), "T"),
        *("a running job has a lease", "leases", "runs"),
    ),
    "a rate that never comes": (
        lambda r, k: r.admin.zadd(k("rates"), {"rone": "+inf"}),
        *(RULE, "rates", "rone"),
    ),
    "a rate before there were clocks": (
        lambda r, k: r.admin.zadd(k("rates"), {"rone": -1}),
        *(RULE, "rates", "rone"),
    ),
    "a rate beyond what numbers can tell apart": (
        lambda r, k: r.admin.zadd(k("rates"), {"rone": 2**53}),
        *(RULE, "rates", "rone"),
    ),
    "a number of pauses that is none": (
        lambda r, k: r.admin.hset(k("limits"), "!lanes", "0"),
        *(RULE, "limits", "!lanes"),
    ),
    "a number of weights that can't be read": (
        lambda r, k: r.admin.hset(k("limits"), "!weights", "some"),
        *(RULE, "limits", "!weights"),
    ),
    "a slot of one that waits for a retry": (
        lambda r, k: r.admin.zadd(k("slots"), {"ctwo\0later": 0}),
        *(RULE, "slots", "ctwo later"),
    ),
    "an ordered lane that one who waits in line has already": (
        lambda r, k: r.admin.zadd(k("slots"), {"oc\0behind": 0}),
        *(RULE, "slots", "oc behind"),
    ),
    "a pause that no claim sees": (
        lambda r, k: r.admin.hset(k("limits"), "pause lane a", "1"),
        *(RULE, "limits", "pause lane a"),
    ),
    "a lane's pause that is counted as another's": (
        lambda r, k: (
            r.admin.hset(k("limits"), mapping={"pause lane a": "1", "!paused": "1"}),
            r.admin.zadd(k("gates"), {"!paused": 1}),
        ),
        *(RULE, "limits", "pause lane a"),
    ),
    "a weight that no claim sees": (
        lambda r, k: r.admin.hset(k("limits"), "=weight a", "3"),
        *(RULE, "limits", "=weight a"),
    ),
    "a key's limit that no claim sees": (
        lambda r, k: r.admin.hset(k("limits"), "=one!a", "c 3"),
        *(RULE, "limits", "=one!a"),
    ),
    "a pause that claims are not led to": (
        lambda r, k: r.admin.hset(k("limits"), mapping={"pause": "1", "!paused": "1"}),
        *(RULE, "limits", "pause"),
    ),
    "a limit that can't be read": (
        lambda r, k: r.admin.hset(k("limits"), "one", "many"),
        *(RULE, "limits", "one"),
    ),
    "a timer of nobody": (
        lambda r, k: r.admin.zadd(k("timers"), {"x gone": 1}),
        *(RULE, "timers", "x gone"),
    ),
}


@pytest.mark.no_audit("a rule is broken by hand")
@pytest.mark.parametrize("name", BREAKS)
def test_what_belongs_to_nobody_is_named(rig: Rig, name: str) -> None:
    lived_in(rig)
    assert_named(rig, BREAKS[name])


def test_a_rate_that_was_never_used_is_sound(rig: Rig) -> None:
    rig.admin.zadd(rig.keys.key("rates"), {"rone": 0, "rtwo": 2**53 - 1})
    assert rig.violations() == []


@pytest.mark.no_audit("a rule is broken by hand")
def test_virtual_times_outlive_the_last_job_in_no_line(rig: Rig) -> None:
    rig.admin.zadd(rig.keys.key("lanes"), {"a": 10_000})
    assert [(v.rule, v.member) for v in rig.violations()] == [(RULE, "a")]


@pytest.mark.no_audit("a rule is broken by hand")
def test_a_class_that_is_said_to_have_one_job_has_no_second_one(rig: Rig) -> None:
    lived_in(rig)
    places, name = rig.keys.key("places"), "t|b|rone=3600000000=1"
    place = rig.admin.hget(places, name)
    assert isinstance(place, bytes)
    assert not place.endswith(b"\0")
    rig.admin.hset(places, name, place + b"\0")
    assert {(v.rule, v.key.rpartition("}:")[2]) for v in rig.violations()} == {(RULE, "line")}
