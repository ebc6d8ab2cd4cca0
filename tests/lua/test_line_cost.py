"""What lanes and limits cost: commands inside the scripts, which no machine changes."""

from __future__ import annotations

import time

import pytest

from tests.lua.line_fuzz import LINE
from tests.lua.rig import Rig
from tests.lua.test_line import each_version, enqueue, take

MANY = 100_000


def commands(rig: Rig) -> int:
    stats = rig.admin.info("commandstats")
    return sum(int(facts["calls"]) for facts in stats.values())


def claim_costs(rig: Rig, n: int, limit: int = 100) -> list[int]:
    """Commands of each of the next `n` claims; what they bring is acked."""
    found = []
    for _ in range(n):
        before, token = commands(rig), f"C{rig.next_seq()}"
        ids = rig.claimed(token, limit)
        found.append(commands(rig) - before)
        if ids:
            rig.ack(*ids, token=token, ttl_ms=0)
    return found


@each_version
def test_many_lanes_of_one_job_cost_a_claim_hardly_more_than_one_lane(rig: Rig) -> None:
    enqueue(rig, [(f"one{n}", "q=one") for n in range(500)])
    one = claim_costs(rig, 5)
    enqueue(rig, [(f"many{n}", f"q=lane-{n}") for n in range(1000)])
    many = claim_costs(rig, 10)
    assert "parked" not in rig.snapshot()
    assert max(many) <= 1.2 * max(one), "no command for each lane"


@each_version
def test_many_lanes_of_many_jobs_cost_a_command_for_each_that_is_served(rig: Rig) -> None:
    enqueue(rig, [(f"{job}.{n}", f"q=lane-{n}") for job in range(4) for n in range(300)])
    assert max(claim_costs(rig, 6, 50)) <= 90 + 50
    assert max(claim_costs(rig, 6, 50)) <= 90 + 50, "in the second round of turns too"
    rig.admin.flushall()


@each_version
def test_a_lane_holds_keys_only_while_a_job_waits_in_it(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", f"q=lane-{n % 60}|rkey!{n % 60}=1=100") for n in range(90)])
    take(rig, 70)
    found = rig.snapshot()
    lanes = {member.split("|")[1] for member in found["parked"]}
    assert len(lanes) == 20
    assert {member.split("\0")[1] for member in found["line"]} == lanes
    assert {member.split("\0")[2] for member in found["turns"]} == lanes
    fields = [field for field in found["places"] if field[0] != "!"]
    assert len(fields) == 2 * len(lanes), "a class and its seat"
    take(rig, 20)
    assert not set(rig.snapshot()) & {*LINE}


@each_version
def test_parked_jobs_cost_a_claim_of_plain_ones_nothing(rig: Rig) -> None:
    rig.enqueue("warm", "up")
    rig.claim("T1", 2)
    counted = []
    for parked in (0, MANY):
        enqueue(rig, [(f"p{n}", "q=|rone=3600000000000=1") for n in range(parked)])
        rig.claim("X" + str(parked), 1)
        rig.claim("Y" + str(parked), 1)
        enqueue(rig, [(f"plain{parked}-{n}", "-") for n in range(100)])
        before = commands(rig)
        assert len(rig.claimed("Z" + str(parked), 100)) == 100
        counted.append(commands(rig) - before)
    assert counted[1] <= counted[0]
    rig.admin.flushall()


@each_version
@pytest.mark.parametrize("others", ["-", "q=", "q=lane", "q=,p=0"])
def test_a_high_job_is_next_however_many_are_before_it(rig: Rig, others: str) -> None:
    counted = []
    for many in (200, MANY):
        enqueue(rig, [(f"{many}.{n}", others) for n in range(many)])
        high = f"high{many}"
        enqueue(rig, [(high, others.removesuffix(",p=0").replace("-", "q=") + ",p=9")])
        before = commands(rig)
        assert rig.claimed(high, 1) == [high]
        counted.append(commands(rig) - before)
    assert counted[1] <= counted[0], "commands whose cost is the logarithm of their number"
    rig.admin.flushall()


@each_version
def test_many_lanes_at_one_limiter_cost_a_claim_a_bounded_amount(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", f"q=l{n}|rone=1000=1") for n in range(2000)])
    most = 0  # from the first claim on: nobody has to find out
    for n in range(10):
        before = commands(rig)
        claimed = rig.claim(f"T{n}", 100)
        most = max(most, commands(rig) - before - 5 * len(claimed.jobs))
        time.sleep(0.01)
    assert most < 130
    rig.admin.flushall()


@each_version
def test_an_exhausted_key_costs_the_others_nothing(rig: Rig) -> None:
    counted = []
    for exhausted in (0, 1000):
        enqueue(rig, [(f"x{exhausted}{n}", "q=|rone!x=3600000000000=1") for n in range(exhausted)])
        enqueue(rig, [(f"y{exhausted}{n}", "q=|rone!y=1=1000") for n in range(120)])
        took = take(rig, 20 + bool(exhausted), 20 + bool(exhausted))  # one of x, and it is closed
        assert len(took) == 20 + bool(exhausted)
        before = commands(rig)
        assert all(i[0] == "y" for i in take(rig, 100, 20))
        counted.append(commands(rig) - before)
    assert counted[1] <= counted[0] * 1.05
    rig.admin.flushall()
