"""deposit: the outcome of a job that ran where it was called is found by its id, and by its key."""

from __future__ import annotations

import pytest
import redis

from streamq import operations as op
from streamq.operations import Call, Idempotency, Outcome
from tests.lua.rig import HOUR_MS, Rig


def depositing(rig: Rig, id_: str = "a", kind: str = "ok", *, key: str = "") -> Call[str]:
    idempotency = Idempotency(key, "args", HOUR_MS) if key else None
    outcome = Outcome(kind, 0, 2, 3, "t", b"value")
    return op.deposit(rig.keys, id=id_, outcome=outcome, ttl_ms=HOUR_MS, idempotency=idempotency)


def test_an_outcome_is_kept_and_the_key_stands_for_its_job(rig: Rig) -> None:
    assert rig.run(depositing(rig, key="k1")) == "OK"
    assert rig.state() == {
        "schema": "1",
        "results": {"a": "ok now 2 3 t\nvalue"},
        "results_expiry": {"a": "+3600s"},
        "idem:k1": "a args",
    }


def test_again_is_already_and_changes_nothing(rig: Rig) -> None:
    rig.run(depositing(rig))
    with rig.unchanged():
        assert rig.run(depositing(rig, kind="failed")) == "ALREADY"


def test_a_job_that_is_here_keeps_its_own(rig: Rig) -> None:
    rig.enqueue("a")
    with rig.unchanged():
        assert rig.run(depositing(rig)) == "ALREADY"


def test_who_waits_is_told(rig: Rig) -> None:
    rig.enqueue("other")
    rig.wait("other")
    rig.admin.hset(rig.keys.key("waiters"), "a", "sq:streamq:reply:me")
    with rig.listening() as heard:
        rig.run(depositing(rig, kind="failed"))
    assert [op.parse_message(one)[0] for one in heard] == ["a"]
    assert rig.wait("a") == ["ended"]


def test_two_keys_are_refused_and_change_nothing(rig: Rig) -> None:
    asked = depositing(rig, key="k1")
    keys = [*asked.keys, rig.keys.idempotency("k2")]
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="one idempotency key"):
        rig.run(Call(asked.script, keys, asked.args, asked.read, asked.queue))
