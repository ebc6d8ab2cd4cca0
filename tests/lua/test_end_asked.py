"""Whatever ends the run of a job that is to be cancelled, but its own end, ends it as cancelled."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from streamq import operations
from streamq.operations import NewJob
from tests.lua.rig import BODY, Rig

LIMITED = "q=lane|climit=1"


def throttle(rig: Rig) -> list[str]:
    jobs = [operations.Throttled(i, "T", 60_000, "") for i in ("told", "other")]
    return rig.run(operations.throttle(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs))


ENDS: dict[str, Callable[[Rig], list[str]]] = {
    "retry": lambda r: r.retry("told", "other"),
    "snooze": lambda r: r.retry("told", "other", counted=False),
    "release": lambda r: r.release("told", "other"),
    "crash": lambda r: r.release("told", "other", crashed=True),
    "strand": lambda r: r.strand("told", "other"),
    "throttle": throttle,
}


@pytest.mark.parametrize("how", ENDS)
def test_a_run_that_is_over_ends_the_job_as_cancelled(rig: Rig, how: str) -> None:
    rig.running("told", "other")
    rig.wait("told")
    rig.run(operations.progress(rig.keys, jobs=[("told", "T", b"half")]))
    rig.cancel("told")
    with rig.listening() as heard:
        assert ENDS[how](rig) == ["CANCELLED", "OK"]
    assert [operations.parse_message(one)[0] for one in heard] == ["told"]
    after = rig.state()
    assert list(after["jobs"]) == list(after["state"]) == ["other"]
    assert re.match(r"cancelled now 1 \d+ t@w\n", after["results"]["told"])
    assert after["results_expiry"] == {"told": "+3600s"}
    assert after["dropped"][0].startswith("told cancelled 1 ")
    assert after["counts"]["cancelled"] == 1
    assert not after.keys() & {"cancelling", "leases", "claims", "held", "waiters", "progress"}
    assert rig.cancel("told") == ["OK"]


def test_the_answer_is_the_same_where_it_is_asked_for_again(rig: Rig) -> None:
    rig.running("told", "other")
    rig.cancel("told")
    jobs = [operations.HandBack(i, "T") for i in ("told", "other")]
    call = operations.release(rig.keys, worker="w", seq=9, jobs=jobs)
    assert rig.run(call) == ["CANCELLED", "OK"]
    with rig.unchanged():
        assert rig.run(call) == ["CANCELLED", "ALREADY"]


@pytest.mark.parametrize("alive", [True, False])
def test_it_holds_across_its_workers_death(rig: Rig, alive: bool) -> None:
    rig.running("told", "other")
    rig.worker_is("w", alive=alive)
    rig.cancel("told")
    rig.lapse("T")
    reclaimed = rig.reclaim()
    assert (reclaimed.returned, reclaimed.poisoned, reclaimed.cancelled) == (1, 0, 1)
    assert sorted(reclaimed.jobs) == [("other", "w"), ("told", "w")]
    assert rig.claimed("U") == ["other"]
    assert rig.state()["results"]["told"].startswith("cancelled now 1 ")
    assert "cancelling" not in rig.state()


def test_it_has_run_since_it_was_claimed(rig: Rig) -> None:
    rig.running("told")
    state = rig.snapshot()["state"]["told"].rpartition(" ")[0]
    rig.admin.hset(rig.keys.key("state"), "told", f"{state} {rig.now_ms() - 5_000_000}")
    rig.cancel("told")
    rig.release("told")
    ran = int(rig.snapshot()["results"]["told"].split()[3])
    assert 5_000_000 <= ran < 5_100_000


def test_it_is_cancelled_rather_than_poison(rig: Rig) -> None:
    rig.running("told", opts="c=0")
    rig.worker_is("w", alive=False)
    rig.cancel("told")
    rig.lapse("T")
    assert rig.reclaim().cancelled == 1
    assert "dead" not in rig.state()


def test_what_it_occupied_is_free_at_once(rig: Rig) -> None:
    rig.enqueue("told", "next", opts=LIMITED)
    assert rig.claimed("T") == ["told"]
    rig.cancel("told")
    assert rig.claimed("U") == []
    assert rig.release("told") == ["CANCELLED"]
    assert rig.claimed("U") == ["next"]


def test_its_unique_key_is_its_heirs(rig: Rig) -> None:
    key = "u=ab:swr:queue_one"
    rig.admit(NewJob("told", "t", BODY, unique=key))
    assert rig.claimed("T") == ["told"]
    rig.admit(NewJob("heir", "t", BODY, unique=key))
    rig.cancel("told")
    assert rig.retry("told") == ["CANCELLED"]
    assert rig.claimed("U") == ["heir"]
    assert rig.state()["unique"] == {"ab": "heir"}


def test_two_hundred_end_in_one_call(rig: Rig) -> None:
    ids = [f"j{i}" for i in range(200)]
    rig.running(*ids)
    assert set(rig.cancel(*ids)) == {"ASKED"}
    assert set(rig.release(*ids)) == {"CANCELLED"}
    assert rig.state()["counts"] == {"enqueued": 200, "cancelled": 200}
    assert rig.run(operations.forget(rig.keys, ids=ids)) == 200


def test_a_run_whose_start_is_ahead_has_lasted_no_time(rig: Rig) -> None:
    rig.running("told")
    entry = rig.snapshot()["state"]["told"].split()[3]
    ahead = rig.now_ms() + 60_000
    rig.admin.hset(rig.keys.key("state"), "told", f"R 1 0 {entry} T {ahead}")
    rig.cancel("told")
    rig.release("told")
    assert rig.state()["dropped"][0].startswith("told cancelled 1 0 ")
