"""revive: dead jobs run again from the start."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def revive(rig: Rig, *ids: str) -> list[str]:
    return rig.run(operations.revive(rig.keys, ids=ids))


def test_revive_puts_dead_jobs_behind_what_waits_and_keeps_their_error(rig: Rig) -> None:
    rig.dead("a", "b", "c")
    rig.enqueue("first")
    rig.admin.delete(rig.keys.key("wake"))
    before = rig.state()
    assert revive(rig, "b", "a") == ["OK", "OK"]
    rig.after(
        before,
        state={"b": "W 0 0 e5 revived", "a": "W 0 0 e6 revived", "c": "D 1 0 now failed"},
        stream={"e4": "first", "e5": "b", "e6": "a"},
        dead={"c": "now"},
        counts={"enqueued": 4, "died": 3, "revived": 2},
        wake=["1"],
    )
    assert rig.claimed("U") == ["first", "b", "a"]


def test_revive_of_what_is_not_dead_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a")
    with rig.unchanged():
        assert revive(rig, "a", "nobody") == ["ENDED", "ENDED"]


def test_revive_again_or_twice_in_one_call_makes_one_entry(rig: Rig) -> None:
    rig.dead("a")
    assert revive(rig, "a", "a") == ["OK", "ENDED"]
    assert len(rig.state()["stream"]) == 1
    with rig.unchanged():
        assert revive(rig, "a") == ["ENDED"]


def test_a_poisoned_job_starts_anew(rig: Rig) -> None:
    rig.running("a", opts="c=1")
    rig.release("a", crashed=True)
    revive(rig, "a")
    [job] = rig.claim("U").jobs
    assert (job.attempt, job.crashes) == (1, 0)


def test_in_the_line_a_job_that_comes_back_is_one_of_its_task(rig: Rig) -> None:
    rig.enqueue("revived", opts="q=lane")
    rig.claim("T")
    rig.bury("revived")
    revive(rig, "revived")
    rig.enqueue("promoted", opts="q=lane", due="+60000")
    rig.admin.zadd(rig.keys.key("scheduled"), {"promoted": 1})
    rig.run(operations.promote(rig.keys))
    assert {member.split("|")[0] for member in rig.snapshot()["parked"]} == {"t"}
