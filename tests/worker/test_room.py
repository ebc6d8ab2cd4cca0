"""How much a worker claims: decisions without a server."""

from __future__ import annotations

import pytest

from streamq.worker.rate import Rate
from streamq.worker.room import HOLD_S, MOST, Kind, Room, Slots


def fed(slots: Slots, per_second: float) -> None:
    """As if jobs had been ending at this rate for a while."""
    now = 100.0
    for step in range(30):
        slots.rate.note(int(per_second / 100), now + step / 100)


NOW = 100.29


def test_without_a_rate_no_more_than_the_places_is_claimed() -> None:
    room = Room({Kind.THREAD: Slots(8)})
    assert room.to_claim({Kind.THREAD}, NOW) == 8
    room.slots[Kind.THREAD].held = 8
    assert room.to_claim({Kind.THREAD}, NOW) == 0


def test_with_short_jobs_as_many_more_as_will_start_soon() -> None:
    slots = Slots(8)
    fed(slots, 1000)
    assert slots.cap(NOW) == pytest.approx(8 + 1000 * HOLD_S, abs=5)


def test_never_more_than_one_call_takes() -> None:
    assert Room({Kind.LOOP: Slots(1000)}).to_claim({Kind.LOOP}, NOW) == MOST


def test_claims_on_their_way_count_as_held() -> None:
    room = Room({Kind.LOOP: Slots(100)})
    room.asked = 60
    assert room.to_claim({Kind.LOOP}, NOW) == 40


def test_a_well_supplied_worker_waits_until_a_claim_is_worth_its_while() -> None:
    room = Room({Kind.THREAD: Slots(8)})
    slots = room.slots[Kind.THREAD]
    fed(slots, 1000)
    slots.held = 8 + 15
    assert room.free({Kind.THREAD}, NOW) > 0
    assert room.to_claim({Kind.THREAD}, NOW) == 0
    slots.held = 8 + 5
    assert room.to_claim({Kind.THREAD}, NOW) > 10


def test_a_queue_of_both_kinds_is_left_alone_while_one_has_too_many() -> None:
    room = Room({Kind.THREAD: Slots(2), Kind.LOOP: Slots(10)})
    room.slots[Kind.THREAD].held = 5
    assert room.to_claim({Kind.LOOP, Kind.THREAD}, NOW) == 0
    assert room.to_claim({Kind.LOOP}, NOW) == 10


def test_after_a_hand_back_there_is_a_respite_until_a_place_gets_free() -> None:
    room = Room({Kind.THREAD: Slots(2), Kind.LOOP: Slots(10)})
    slots = room.slots[Kind.THREAD]
    slots.held = 2
    slots.overfed(NOW)
    both = {Kind.LOOP, Kind.THREAD}
    assert room.to_claim(both, NOW + 0.1) == 0
    assert 0 < room.respite(both, NOW + 0.1) < 0.3
    slots.ended(1, NOW + 0.1)
    assert room.to_claim(both, NOW + 0.1) == 11


def test_a_rate_forgets_what_is_long_past() -> None:
    rate = Rate()
    rate.note(1000, 5.0)
    assert rate.per_second(5.05) > 1000
    assert rate.per_second(6.0) == 0
    rate.note(1, 6.0)
    assert rate.per_second(6.01) < 20
