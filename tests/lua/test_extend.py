"""extend: keeps what is held, never takes back what was lost."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def extend(rig: Rig, *tokens: str, lease_ms: int = 60_000) -> list[str]:
    return rig.run(
        operations.extend(rig.keys, worker="w", alive_ms=90_000, lease_ms=lease_ms, tokens=tokens)
    )


def test_extend_renews_the_claims_and_says_that_the_worker_lives(rig: Rig) -> None:
    rig.running("a", token="T")
    rig.running("b", token="U")
    rig.running("c", token="V")
    before = rig.state()
    assert extend(rig, "T", "V") == ["OK", "OK"]
    rig.after(before, leases={"U": "+30s", "T": "+60s", "V": "+60s"}, workers={"w": "+90s"})


def test_extend_of_nothing_still_says_that_the_worker_lives(rig: Rig) -> None:
    assert extend(rig) == []
    assert rig.state() == {"workers": {"w": "+90s"}}


def test_extend_after_reclaim_is_refused_and_takes_nothing_back(rig: Rig) -> None:
    rig.running("a", "b")
    rig.running("c", token="U")
    rig.lapse("T")
    rig.reclaim()
    rig.claim("V", worker="other")
    before = rig.state()
    assert extend(rig, "T", "U", "never") == ["LEASELOST", "OK", "LEASELOST"]
    rig.after(before, leases={"V": "+30s", "U": "+60s"}, workers={"w": "+90s"})


def test_extend_after_the_deadline_but_before_reclaim_renews(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    assert extend(rig, "T") == ["OK"]
    assert rig.state()["leases"] == {"T": "+60s"}


def test_extend_of_an_ended_claim_is_lost_and_makes_no_lease(rig: Rig) -> None:
    rig.running("a")
    rig.ack("a")
    assert extend(rig, "T") == ["LEASELOST"]
    assert "leases" not in rig.state()


def test_extend_naming_a_token_twice_renews_it_once(rig: Rig) -> None:
    rig.running("a")
    assert extend(rig, "T", "T") == ["OK", "OK"]
    assert rig.state()["leases"] == {"T": "+60s"}
