"""limiters: what each one in use has taken, and who waits for it."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def test_used_waiting_and_next_free(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", opts="q=lane|cone=1")
    rig.enqueue("d", "e", opts="q=|rtwo!k=60000000=1")
    assert sorted(rig.claimed("T1")) == ["a", "d"]
    page = rig.run(op.limiters(rig.keys))
    found = {limiter.id: limiter for limiter in page.limiters}
    cursor = page.cursor
    while cursor:
        page = rig.run(op.limiters(rig.keys, cursor=cursor, limit=1))
        found |= {limiter.id: limiter for limiter in page.limiters}
        cursor = page.cursor
    one, two = found["cone"], found["rtwo!k"]
    assert (one.used, one.classes, one.jobs, one.look_in_us) == (1, 1, 2, None)
    assert (two.used, two.classes, two.jobs) == (0, 1, 1)
    assert two.look_in_us is not None
    assert 50e6 < two.look_in_us <= two.booked_in_us <= 60e6 + 10_000


def first_classes(rig: Rig) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor = ""
    while True:
        page = rig.run(op.limiters(rig.keys, cursor=cursor))
        found |= {limiter.id: limiter.first_class for limiter in page.limiters}
        cursor = page.cursor
        if not cursor:
            return found


def test_whose_it_is_who_waits_tells_or_who_runs(rig: Rig) -> None:
    rig.enqueue("runs", task="one", opts="q=a|cslot=1")
    assert rig.claimed() == ["runs"]
    assert first_classes(rig) == {"cslot": "one|a|cslot=1"}
    rig.enqueue("waits", task="two", opts="q=b|cslot=1")
    assert rig.claimed("T2") == []
    assert first_classes(rig) == {"cslot": "two|b|cslot=1"}


def test_of_an_empty_queue_there_is_none(rig: Rig) -> None:
    cursor = ""
    while True:
        page = rig.run(op.limiters(rig.keys, cursor=cursor))
        assert page.limiters == []
        cursor = page.cursor
        if not cursor:
            break


def test_a_limiter_that_is_held_says_until_when(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rone=1000=1")
    assert rig.claimed("T1", 1) == ["a"]
    rig.admin.zadd(rig.keys.key("rates"), {"hrone": (rig.now_ms() + 60_000) * 1000})
    page = rig.run(op.limiters(rig.keys, limit=200))
    while page.cursor and not page.limiters:
        page = rig.run(op.limiters(rig.keys, cursor=page.cursor))
    held = {one.id: one.held_in_us for one in page.limiters}["rone"]
    assert held is not None
    assert 50e6 < held <= 60e6


def test_rates_are_read_in_pages(rig: Rig) -> None:
    for key in range(5):
        rig.enqueue(f"a{key}", opts=f"q=|rone!{key}=60000000=1")
    assert len(rig.claimed("T", 5)) == 5
    found: set[str] = set()
    cursor, pages = "", 0
    while not pages or cursor:
        page = rig.run(op.limiters(rig.keys, cursor=cursor, limit=2))
        found |= {limiter.id for limiter in page.limiters}
        cursor, pages = page.cursor, pages + 1
    assert found == {f"rone!{key}" for key in range(5)}
