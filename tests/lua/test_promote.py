"""promote: what is due goes into the stream, the earliest first."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def promote(rig: Rig, limit: int = 100) -> tuple[int, int]:
    promoted = rig.run(operations.promote(rig.keys, limit=limit))
    return promoted.moved, promoted.next_due_ms


def test_promote_moves_what_is_due_in_its_order_and_nothing_else(rig: Rig) -> None:
    rig.enqueue("b", due="+-20000")
    rig.enqueue("later", due="+60000")
    rig.enqueue("a", due="+-10000")
    rig.enqueue("z", due="+-30000")
    rig.admin.delete(rig.keys.key("wake"))
    before = rig.state()
    moved, next_due_ms = promote(rig)
    assert moved == 3
    assert 50_000 < next_due_ms <= 60_000
    rig.after(
        before,
        state={"z": "W 0 0 e1 due", "b": "W 0 0 e2 due", "a": "W 0 0 e3 due"},
        stream={"e1": "z", "e2": "b", "e3": "a"},
        scheduled={"later": "+60s"},
        wake=["1"],
    )


def test_promote_keeps_attempts_crashes_and_the_reason(rig: Rig) -> None:
    rig.running("a", "b")
    rig.release("b", crashed=True)
    rig.claim("U")
    rig.retry("a", delay_ms=0)
    rig.retry("b", token="U", counted=False, delay_ms=0)
    promote(rig)
    assert rig.state()["state"] == {"a": "W 1 0 e3 retry", "b": "W 0 1 e4 snooze"} or rig.state()[
        "state"
    ] == {"a": "W 1 0 e4 retry", "b": "W 0 1 e3 snooze"}


def test_promote_moves_at_most_its_limit(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", due="+-5000")
    assert promote(rig, 2) == (2, 0)
    assert promote(rig, 2) == (1, -1)


def test_promote_of_nothing_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a")
    rig.enqueue("b", due="+60000")
    with rig.unchanged():
        assert promote(rig)[0] == 0
