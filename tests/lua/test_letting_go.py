"""A job's unique key and its slot of a limit are let go in whatever way its run ends."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis

from streamq import operations as op
from streamq.operations import Call, NewJob
from tests.lua.rig import BODY, HOUR_MS, LEASE_MS, Rig
from tests.lua.test_throttle import throttle

ONE = "q=lane|cone=1"
LINE = [
    *("parked", "line", "turns", "places", "gates", "lanes", "rates", "slots", "pumped"),
    *("timers", "limits", "unique", "heirs"),
]


def cancelled(rig: Rig) -> None:
    rig.cancel("a")
    rig.release("a")


def lost(rig: Rig) -> None:
    rig.lapse("T")
    rig.worker_is("w", alive=False)
    assert rig.reclaim().poisoned == 1


Way = Callable[[Rig], object]
ENDS: dict[str, Way] = {
    "acked": lambda rig: rig.ack("a", ttl_ms=0),
    "buried": lambda rig: rig.bury("a"),
    "cancelled": cancelled,
    "crashed": lambda rig: rig.release("a", crashed=True),
    "lost": lost,
}
LEAVES: dict[str, Way] = {
    "retried": lambda rig: rig.retry("a"),
    "released": lambda rig: rig.release("a"),
    "stranded": lambda rig: rig.strand("a"),
    "throttled": lambda rig: throttle(rig, "a", token="T"),
}
one_server = pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)


def job(id_: str, letters: str, due: str = "0") -> NewJob:
    unique = f"u=ab:{letters}:queue_one"
    return NewJob(id_, "t", BODY + b"sw", due=due, opts=f"c=1,{ONE}", unique=unique)


@pytest.mark.parametrize(("due", "place"), [("0", "P"), ("+60000", "S")])
@one_server
@pytest.mark.parametrize("name", [*ENDS, *LEAVES])
def test_its_heir_may_run_if_its_time_has_come(rig: Rig, name: str, due: str, place: str) -> None:
    way, letters = (ENDS[name], "swr") if name in ENDS else (LEAVES[name], "r")
    rig.admit(job("a", letters))
    assert rig.claimed() == ["a"]
    rig.admit(job("next", letters, due))
    assert rig.state()["state"]["next"][0] == "H", name
    rig.admin.delete(rig.keys.key("wake"))
    way(rig)
    assert rig.state()["state"]["next"][0] == place
    assert rig.admin.llen(rig.keys.key("wake")) == 1
    assert rig.state().get("unique") == ({"ab": "next"} if letters == "swr" else None)
    if place == "P":
        since = int(rig.snapshot()["state"]["next"].split("&5")[1].split()[0]) // 1000
        assert abs(since - rig.now_ms()) < 60_000
    if place == "S":
        assert rig.state()["scheduled"]["next"] == "+60s"
    rig.enqueue("other", opts=ONE.replace("lane", "b"))
    claimed = rig.claimed("T2")  # whoever is throttled holds its limiter
    assert len(claimed) == (name != "throttled"), "the slot is free, and there is one"
    assert place == "P" or claimed in ([], ["other"])


@one_server
@pytest.mark.parametrize(("due", "place"), [("0", "W"), ("+60000", "S")])
def test_the_heir_of_one_that_expires_too(rig: Rig, due: str, place: str) -> None:
    unique = "u=ab:swr:queue_one"
    rig.admit(NewJob("a", "t", BODY, expires="+60000", unique=unique))
    assert rig.claimed() == ["a"]
    rig.admit(NewJob("next", "t", BODY, due=due, unique=unique))
    rig.release("a")
    record = re.sub(r"x=\d+", "x=1", rig.snapshot()["jobs"]["a"])
    rig.admin.hset(rig.keys.key("jobs"), "a", record)
    assert rig.claim("T2", 1).expired == 1
    assert rig.state()["state"]["next"][0] == place


def acks(rig: Rig) -> Call[list[str]]:
    """Of a job that nothing follows."""
    rig.admit(job("a", "swr"))
    assert rig.claimed() == ["a"]
    return op.ack(rig.keys, worker="w", seq=1, jobs=[op.Ack("a", "T", "t", "ok", 3, 0, b"")])


def buries_keyed(rig: Rig) -> Call[tuple[int, list[str]]]:
    """Of one that was in no line."""
    rig.admit(NewJob("a", "t", BODY, unique="u=ab:swr:return"))
    assert rig.claimed() == ["a"]
    jobs = [op.Burial("a", "T", "t", "failed", 3, b"oops")]
    return op.bury(rig.keys, worker="w", seq=1, jobs=jobs)


def acks_parked(rig: Rig) -> Call[list[str]]:
    """Of one that was in the line, and occupies nothing."""
    rig.enqueue("a", opts="q=lane")
    assert rig.claimed() == ["a"]
    return op.ack(rig.keys, worker="w", seq=1, jobs=[op.Ack("a", "T", "t", "ok", 3, 0, b"")])


def claim(rig: Rig) -> Call[op.Claimed]:
    return op.claim(
        rig.keys, worker="w", token="T", lease_ms=LEASE_MS, limit=1, result_ttl_ms=HOUR_MS
    )


def expires(rig: Rig) -> Call[op.Claimed]:
    """Of a job that is in no line."""
    rig.admit(NewJob("a", "t", BODY, expires="+-5", unique="u=ab:swr:return"))
    return claim(rig)


def starts(rig: Rig) -> Call[op.Claimed]:
    """Of a job whose key is for what waits."""
    rig.admit(NewJob("a", "t", BODY, unique="u=ab:w:return"))
    return claim(rig)


@pytest.mark.no_audit("a foreign value stands in the key")
@one_server
@pytest.mark.parametrize("name", ["returned", "stranded"])
def test_what_cannot_be_cancelled_everywhere_stays_in_the_line(rig: Rig, name: str) -> None:
    rig.enqueue("a", opts="q=lane")
    rig.admin.set(rig.keys.key(name), "foreign")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        rig.cancel("a")


@pytest.mark.no_audit("foreign values stand in the queue's keys")
@one_server
@pytest.mark.parametrize("asked", [acks, acks_parked, buries_keyed, expires, starts])
def test_a_foreign_value_in_a_key_of_the_line_changes_nothing(
    rig: Rig, asked: Callable[[Rig], Call[object]]
) -> None:
    for name in LINE:
        rig.admin.flushall()
        rig._counters.clear()
        call = asked(rig)
        rig.admin.delete(rig.keys.key(name))
        rig.admin.set(rig.keys.key(name), "foreign")
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            rig.run(call)
