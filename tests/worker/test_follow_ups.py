"""`job.enqueue`: what follows from a job is made in the step that ends it, wherever it goes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from streamq import AsyncResult, ConfigurationError, StreamQ, current_job, operations
from streamq.context import RunningJob, activate
from streamq.operations import Ack, NewJob, follow_up
from streamq.testing import eager
from tests.waiting import wait_until
from tests.worker.rig import Rig

QUEUES = ["default", "far"]


def test_a_follow_up_runs_in_the_same_and_in_another_queue(rig: Rig) -> None:
    rig.work(queues=QUEUES)
    for queue in QUEUES:
        follow = arrived(rig, rig.send("follows", queue, queue).get(timeout=10))
        assert follow.get(timeout=10) == queue
        assert len(rig.runs(follow)) == 1


def arrived(rig: Rig, id_: str) -> AsyncResult[Any]:
    """The job, once it is known: in another queue that takes a moment."""
    job = rig.app.result(id_)
    wait_until(lambda: job.state != "unknown", f"{id_} to arrive")
    return job


def test_one_from_a_child_process_runs_too(rig: Rig) -> None:
    rig.start(queues=QUEUES)
    follow = arrived(rig, rig.send("pfollows", "far", "far").get(timeout=20))
    assert follow.get(timeout=10) == "far"


def ended(rig: Rig, text: str) -> int:
    """How many `said` jobs with this text have run."""
    keys = [rig.app.keys(queue) for queue in QUEUES]
    hashes = [rig.server.admin.hgetall(one.key("results")) for one in keys]
    outcomes = [cast("bytes", value) for kept in hashes for value in kept.values()]
    return sum(outcome.endswith(text.encode()) for outcome in outcomes)


def test_a_retried_run_makes_none_and_the_last_one_makes_them_once(rig: Rig) -> None:
    rig.work(queues=QUEUES)
    rig.send("fails_following", "far", 1).get(timeout=10)
    wait_until(lambda: ended(rig, "well"), "the follow-up to run")
    rig.send("fails_following", "default", 2).get(timeout=10, propagate=False)
    wait_until(lambda: ended(rig, "not well"), "that of the dead job to run")
    assert ended(rig, "well") == 2
    assert rig.counts()["enqueued"] == 3
    assert rig.counts()["sent"] == rig.counts()["delivered"] == 1


def left_in_the_outbox(rig: Rig, *queues: str) -> list[str]:
    """As a worker leaves it that is killed just after an ack; the ids for these queues."""
    keys = rig.app.keys("default")
    jobs = [
        NewJob(rig.app.runtime.ids.new_id(queue, kept=True), "said", b"\x93\x91\xa2hi\x80\x80")
        for queue in queues
    ]
    parent = rig.send("add", 1, 2)
    client = rig.app.client
    client.run(
        operations.claim(
            keys, worker="gone", token="T", lease_ms=30_000, limit=1, result_ttl_ms=1, tasks=[]
        )
    )
    follow = [part for q, job in zip(queues, jobs, strict=True) for part in follow_up(q, job)]
    ack = Ack(parent.id, "T", "add", "none", 1, 0, b"", follow)
    assert client.run(operations.ack(keys, worker="gone", seq=1, jobs=[ack])) == ["OK"]
    return [job.id for job in jobs]


def test_what_a_killed_worker_left_is_relayed_once_by_several(rig: Rig) -> None:
    ids = left_in_the_outbox(rig, *["far"] * 150)
    for _ in range(2):
        rig.work(queues=QUEUES)
    assert arrived(rig, ids[-1]).get(timeout=10) == "hi"
    wait_until(lambda: rig.counts("far").get("succeeded", 0) == 150, "all to run")
    assert rig.counts("far")["enqueued"] == 150


def test_a_queue_that_takes_nothing_holds_up_no_other(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    schema = rig.app.keys("newer").key("schema")
    rig.server.admin.set(schema, "2")
    stuck, free = left_in_the_outbox(rig, "newer", "far")
    rig.work(queues=QUEUES)
    assert arrived(rig, free).get(timeout=10) == "hi"
    assert "jobs for queue newer wait" in caplog.text
    rig.server.admin.set(schema, "1")
    wait_until(lambda: rig.counts("newer").get("enqueued"), "the other one to arrive")
    assert rig.app.result(stuck).state == "waiting"


def test_a_worker_that_ends_brings_its_last_follow_ups(rig: Rig) -> None:
    here = rig.work(queues=["default"])
    job = rig.send("follows", "far", "far")
    wait_until(lambda: rig.runs(job), "it to run")
    here.stop()
    assert rig.counts("far")["enqueued"] == 1


def test_in_eager_mode_they_follow_at_once(rig: Rig) -> None:
    with eager(rig.app):
        ran: list[str] = []

        @rig.app.task
        def child(text: str) -> str:
            ran.append(text)
            return text

        @rig.app.task
        def parent() -> None:
            current_job().enqueue(child.s("well"))
            current_job().enqueue(child.s("badly"), when="dead")
            assert not ran

        parent.delay().get()
        assert ran == ["well"]


def test_too_many_too_large_and_a_key_are_refused_with_what_to_do() -> None:
    app = StreamQ("shop", broker="redis://localhost:1")

    @app.task
    def child(data: bytes) -> None:
        del data

    with activate(RunningJob("id", "t", "default", detached=False)) as job:
        for _ in range(200):
            job.enqueue(child.s(b""))
        with pytest.raises(ValueError, match=r"201 follow-ups.*\n.*enqueues the rest"):
            job.enqueue(child.s(b""))
        with pytest.raises(ConfigurationError, match="takes none"):
            job.enqueue(child.options(idempotency_key="k").s(b""))
    with activate(RunningJob("id", "t", "default", detached=False)) as job:
        for _ in range(4):
            job.enqueue(child.s(bytes(1_000_000)))
        with pytest.raises(ValueError, match="4194304 bytes"):
            job.enqueue(child.s(bytes(1_000_000)))
    assert current_job().enqueue(child.s(b"")).id, "of no job: it has no effect"
    assert not current_job().follow_ups
