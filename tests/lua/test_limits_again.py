"""A job that comes, or comes back, in whatever way takes all its limits then, or waits for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamq import operations as op
from streamq.operations import NewJob, Sent
from tests.lua.rig import BODY, Rig
from tests.lua.test_line import each_version
from tests.lua.test_throttle import throttle

HOUR_US = 3_600_000_000
LIMITS = {
    "rate": f"rt/rate={HOUR_US}=1",
    "concurrency of a key": "ct/concurrency!7=1",
    "named": f"rgithub={HOUR_US}=1",
    "the call's": f"rt/call-0123456789={HOUR_US}=1",
    "several": f"c@queue/concurrency=1|ct/concurrency!7=1|r1={HOUR_US}=1|rt/rate!7={HOUR_US}=1",
}


def opts(limits: str, lane: str = "a") -> str:
    return f"q={lane}|{limits}"


def hours_pass(rig: Rig) -> None:
    """Every rate is as if nothing had started for long; who waits for one is looked at."""
    gates = rig.keys.key("gates")
    rig.admin.delete(rig.keys.key("rates"))
    for gate in rig.snapshot().get("gates", {}):
        if gate[0] in "ro":
            rig.admin.zadd(gates, {gate: 0}, xx=True)


def started(rig: Rig, job: NewJob) -> None:
    rig.admit(job)
    assert rig.claimed("T1") == ["job"]


def due(rig: Rig, _: NewJob) -> None:
    rig.admin.zadd(rig.keys.key("scheduled"), {"job": 1}, xx=True)
    rig.run(op.promote(rig.keys))


def later(rig: Rig, job: NewJob) -> None:
    rig.admit(replace(job, due="+60000"))


def relay(rig: Rig, job: NewJob) -> None:
    rig.run(op.relay(rig.keys, source="other", jobs=[Sent("7-0", "q", job)]))


def lapse(rig: Rig, _: NewJob) -> None:
    rig.lapse("T1")
    assert [id_ for id_, _ in rig.reclaim().jobs] == ["job"]


def revive(rig: Rig, _: NewJob) -> None:
    assert rig.run(op.revive(rig.keys, ids=["job"])) == ["OK"]


def nothing(*_: object) -> None:
    """It comes by itself."""


Way = Callable[[Rig, NewJob], object]
# What becomes of it before another has taken its limits, and then.
WAYS: dict[str, tuple[Way, Way]] = {
    "enqueued": (nothing, lambda r, job: r.admit(job)),
    "scheduled": (later, due),
    "relayed": (nothing, relay),
    "relayed for later": (lambda r, job: relay(r, replace(job, due="+60000")), due),
    "retried": (lambda r, _: r.retry("job", token="T1"), due),
    "snoozed": (lambda r, _: r.retry("job", token="T1", counted=False), due),
    "released": (lambda r, _: r.release("job", token="T1"), nothing),
    "crashed": (lambda r, _: r.release("job", token="T1", crashed=True), nothing),
    "reclaimed": (lapse, nothing),
    "throttled": (lambda r, _: throttle(r, "job", token="T1", ms=1), nothing),
    "stranded": (lambda r, _: r.strand("job", token="T1"), nothing),
    "revived": (lambda r, _: r.bury("job", token="T1"), revive),
}
FRESH = {"enqueued", "scheduled", "relayed", "relayed for later"}


@each_version
@pytest.mark.parametrize("way", WAYS)
def test_it_waits_for_its_limits_and_takes_them(rig: Rig, way: str) -> None:
    for name, own in LIMITS.items():
        waits_for_and_takes(rig, way, own)
        assert rig.violations() == [], name
        rig.admin.flushall()


def waits_for_and_takes(rig: Rig, way: str, own: str) -> None:
    leave, come = WAYS[way]
    job = NewJob("job", "t", BODY, opts=opts(own))
    if way not in FRESH:
        started(rig, job)
    leave(rig, job)
    hours_pass(rig)
    rig.enqueue("other", opts=opts(own, "b") + ",p=9")
    assert rig.claimed("T2", 1, tasks=["t"]) == ["other"]
    come(rig, job)
    assert rig.claimed("T3", tasks=["t"]) == [], "another has its limits"
    hours_pass(rig)
    rig.ack("other", token="T2", ttl_ms=0)
    assert rig.claimed("T4", tasks=["t"]) == ["job"]
    rig.enqueue("third", opts=opts(own, "c"))
    assert rig.claimed("T5", tasks=["t"]) == [], "it has taken them, all of them"
    held = {one for one in own.split("|") if one[0] == "c"}
    assert {slot.split("\0")[0] + "=1" for slot in rig.snapshot().get("slots", {})} == held
    hours_pass(rig)
    rig.ack("job", token="T4", ttl_ms=0)
    assert rig.claimed("T6") == ["third"], "and given back what can be"


ORDERED = f"q=a|oa|rone={HOUR_US}=1"


@each_version
@pytest.mark.parametrize("way", [way for way in WAYS if way not in FRESH | {"revived", "stranded"}])
def test_whoever_comes_back_to_an_ordered_lane_is_first_in_it(rig: Rig, way: str) -> None:
    """Though the limit that it takes again is used up by then, and the next one has none."""
    job, (leave, come) = NewJob("job", "t", BODY, opts=ORDERED), WAYS[way]
    started(rig, job)
    rig.enqueue("behind", opts="q=a|oa")
    leave(rig, job)
    hours_pass(rig)
    rig.enqueue("other", opts=f"q=b|rone={HOUR_US}=1,p=9")
    assert rig.claimed("T2", 1) == ["other"]
    come(rig, job)
    assert rig.claimed("T3") == [], "it waits for its rate, and nobody passes it"
    hours_pass(rig)
    assert rig.claimed("T4") == ["job"]
    rig.ack("job", token="T4", ttl_ms=0)
    assert rig.claimed("T5") == ["behind"]


@each_version
@pytest.mark.parametrize("way", ["stranded", "revived"])
def test_who_has_left_an_ordered_lane_comes_back_when_it_is_free(rig: Rig, way: str) -> None:
    """A dead job, or one that nobody here can run, must not stop its lane for ever."""
    job, (leave, come) = NewJob("job", "t", BODY, opts="q=a|oa"), WAYS[way]
    started(rig, job)
    leave(rig, job)
    rig.enqueue("behind", opts="q=a|oa")
    assert rig.claimed("T2") == ["behind"]
    come(rig, job)
    assert rig.claimed("T3", tasks=["t"]) == []
    rig.ack("behind", token="T2", ttl_ms=0)
    assert rig.claimed("T4", tasks=["t"]) == ["job"]
