"""strand: set aside for a worker that knows the task."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def test_strand_sets_the_job_aside_and_counts_no_attempt(rig: Rig) -> None:
    rig.running("a", "b")
    rig.admin.delete(rig.keys.key("wake"))
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    before = rig.state()
    assert rig.strand("a") == ["OK"]
    rig.after(
        before,
        state={"a": "N 0 0 e1 t", "b": "R 1 0 e2 T now"},
        stranded={"t a": 0},
        pending={"e1": "~stranded", "e2": "w"},
        held={"T": "1"},
        progress=None,
        wake=["1"],
        counts={"enqueued": 2, "stranded": 1},
        replies={"w": "1 OK*1"},
    )


def test_strand_of_the_last_job_ends_the_claim(rig: Rig) -> None:
    rig.running("a", "b")
    rig.strand("a", "b")
    assert not {"leases", "claims", "held"} & rig.state().keys()


def test_strand_again_is_already_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    call = operations.strand(rig.keys, worker="w", seq=1, jobs=[operations.Stray("a", "T", "t")])
    assert rig.run(call) == ["OK"]
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY"]


def test_strand_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("waits")
    with rig.unchanged("replies"):
        assert rig.strand("a", "waits", "nobody", token="U") == ["LEASELOST"] * 3


def test_strand_naming_a_job_twice_sets_it_aside_once(rig: Rig) -> None:
    rig.running("a", "b")
    assert rig.strand("a", "a") == ["OK", "ALREADY"]
    assert rig.state()["held"] == {"T": "1"}
    assert rig.state()["counts"]["stranded"] == 1


def test_strand_while_the_group_is_lost_makes_it_again(rig: Rig) -> None:
    rig.running("a", "b")
    rig.lose_group()
    assert rig.strand("a") == ["OK"]
    assert rig.claimed("U") == []  # reads the running job's entry again
    assert rig.violations() == []
    assert rig.claimed("V", tasks=["t"]) == ["a"]


def test_crashes_are_remembered_while_stranded(rig: Rig) -> None:
    rig.running("a")
    rig.release("a", crashed=True)
    rig.claim("U")
    rig.strand("a", token="U")
    [job] = rig.claim("V", tasks=["t"]).jobs
    assert (job.attempt, job.crashes) == (1, 1)
