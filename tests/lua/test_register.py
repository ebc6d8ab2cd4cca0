"""register: a worker is known, its tasks' options published, the group made."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def register(rig: Rig, info: str = "{}", **tasks: str) -> str:
    return rig.run(
        operations.register(rig.keys, worker="w", alive_ms=LEASE_MS, info=info, tasks=tasks)
    )


def test_register_in_a_new_queue(rig: Rig) -> None:
    assert register(rig, '{"pid": 1}', t='{"a": 1}', u="{}") == "OK"
    assert rig.state() == {
        "schema": "1",
        "stream": {},
        "workers": {"w": "+30s"},
        "worker_info": {"w": '{"pid": 1}'},
        "policy": {"t": '{"a": 1}', "u": "{}"},
    }


def test_register_again_renews_and_publishes_what_is_new(rig: Rig) -> None:
    register(rig, t="1", u="2")
    rig.worker_is("w", alive=False)
    before = rig.state()
    register(rig, "new", t="3")
    rig.after(
        before,
        workers={"w": "+30s"},
        worker_info={"w": "new"},
        policy={"t": "3", "u": "2"},
    )


def test_what_was_enqueued_before_the_first_worker_is_not_skipped(rig: Rig) -> None:
    rig.enqueue("a")
    register(rig)
    assert rig.claimed() == ["a"]


def test_register_does_not_disturb_a_running_queue(rig: Rig) -> None:
    rig.running("a")
    with rig.unchanged("workers", "worker_info"):
        register(rig)
    assert rig.claimed("U") == []


def test_register_of_very_many_tasks_works(rig: Rig) -> None:
    register(rig, **{f"t{i}": "{}" for i in range(5000)})
    assert len(rig.state()["policy"]) == 5000


def test_register_of_half_a_task_is_refused_and_changes_nothing(rig: Rig) -> None:
    call = operations.register(rig.keys, worker="w", alive_ms=5, info="", tasks={"t": "{}"})
    with rig.unchanged(), pytest.raises(Exception, match="a text for each task"):
        rig.raw(call, call.args[:-1])


def test_register_in_a_queue_of_another_data_model_is_refused(rig: Rig) -> None:
    rig.admin.set(rig.keys.key("schema"), "2")
    with rig.unchanged(), pytest.raises(Exception, match="SCHEMA"):
        register(rig, t="{}")
