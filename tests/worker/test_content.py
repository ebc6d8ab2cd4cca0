"""What a worker accepts: JSON and msgpack, or one of them."""

from __future__ import annotations

import pytest

from streamq import JobState
from streamq.errors import PayloadRefused, ResultError
from tests.waiting import wait_until
from tests.worker.rig import Rig


def test_json_calls_and_results_are_json_on_the_server(rig: Rig) -> None:
    rig.app.conf.update(task_serializer="json", result_serializer="json", accept_content=["json"])
    job = rig.send("add", [1, "ø"], [None])
    record = rig.server.admin.hget(rig.app.keys("default").key("jobs"), job.id)
    assert isinstance(record, bytes)
    assert record.partition(b"\n")[2] == '[[[1,"ø"],[null]],{},{}]'.encode()
    rig.work()
    assert job.get(timeout=10) == [1, "ø", None]
    outcome = rig.look(job).outcome
    assert outcome is not None
    assert outcome.value == '[[1,"ø",null]]'.encode()


def test_a_call_of_another_kind_is_dead_undecoded(rig: Rig) -> None:
    job = rig.send("add", 1, 2)
    rig.app.conf.accept_content = ["json"]
    rig.work()
    with pytest.raises(PayloadRefused, match="kind msgpack is refused: accept_content takes json"):
        job.get(timeout=10)
    info = job.info()
    assert (info.state, info.reason) == (JobState.DEAD, "not-accepted")
    assert "accept_content" in info.problem  # nor does who looks at it decode it


def test_what_another_language_wrote_is_run(rig: Rig) -> None:
    job = rig.send("add", 1, 2)
    key = rig.app.keys("default").key("jobs")
    record = rig.server.admin.hget(key, job.id)
    assert isinstance(record, bytes)
    head = record.partition(b"\n")[0]
    rig.server.admin.hset(key, job.id, head + b'\n[ ["a", "\\u0062"], {}, {} ]')
    rig.work()
    assert job.get(timeout=10) == "ab"


def test_a_result_that_json_lacks_leaves_the_job_succeeded(rig: Rig) -> None:
    rig.app.conf.result_serializer = "json"
    job = rig.send("add", {1}.pop(), float("inf"))
    rig.work()
    wait_until(lambda: job.state is JobState.SUCCEEDED, "it to succeed")
    with pytest.raises(ResultError, match="no infinity"):
        job.get(timeout=10)


def test_a_result_of_another_kind_is_not_decoded(rig: Rig) -> None:
    job = rig.send("add", 1, 2)
    rig.work()
    wait_until(lambda: job.state is JobState.SUCCEEDED, "it to succeed")
    rig.app.conf.result_accept_content = ["json"]
    with pytest.raises(ResultError, match="kind msgpack is refused"):
        job.get(timeout=10)


def test_a_task_by_name_goes_where_the_routes_here_say(rig: Rig) -> None:
    rig.app.conf.task_routes = {"elsewhere.*": "low"}
    job = rig.app.send_task("elsewhere.add", (1, 2))
    assert job.queue == "low"
    assert rig.app.send_task("elsewhere.add", (1, 2), queue="high").queue == "high"
