"""Every way in which a job can end."""

from __future__ import annotations

import pytest

from streamq.errors import GiveUp, JobError, RemoteError, ResultError
from streamq.job import JobState, Progress
from tests.waiting import wait_until
from tests.worker.rig import Rig


def test_results_of_plain_and_async_tasks_come_back(rig: Rig) -> None:
    rig.work()
    jobs = [rig.send("add", 1, 2), rig.send("aadd", 3, 4), rig.send("add", "a", "b")]
    assert [job.get(timeout=10) for job in jobs] == [3, 7, "ab"]


def test_the_running_job_is_known_inside_both_kinds_of_tasks(rig: Rig) -> None:
    rig.work()
    same, attempt, thread = rig.send("who").get(timeout=10)
    assert (same, attempt) == (True, 1)
    assert thread.startswith("streamq-")
    job = rig.send("awho")
    assert job.get(timeout=10) == job.id


def test_a_failing_job_is_retried_by_its_policy_then_succeeds(rig: Rig) -> None:
    rig.work()
    job = rig.send("flaky", 2)
    assert job.get(timeout=10) == 3
    times = [run.at for run in rig.runs(job)]
    assert times[1] - times[0] >= 0.05
    assert times[2] - times[1] >= 0.1
    assert rig.counts()["retried"] == 2


def test_a_job_out_of_attempts_is_dead_with_its_exception(rig: Rig) -> None:
    rig.work()
    job = rig.send("flaky", 5)
    with pytest.raises(ValueError, match="attempt 3") as caught:
        job.get(timeout=10)
    assert "tasks.py" in str(caught.value.__cause__), "the remote traceback names the task's file"
    assert "runner.py" not in str(caught.value.__cause__), "and not ours"
    assert job.state is JobState.DEAD


def test_nothing_is_retried_unless_asked(rig: Rig) -> None:
    rig.work()
    job = rig.send("boom", "once")
    with pytest.raises(KeyError, match="once"):
        job.get(timeout=10)
    assert len(rig.runs(job)) == 1


def test_give_up_is_straight_to_dead(rig: Rig) -> None:
    rig.work()
    job = rig.send("gives_up")
    with pytest.raises(GiveUp, match="bad address"):
        job.get(timeout=10)
    assert job.info().reason == "given-up"


@pytest.mark.parametrize(("counted", "attempt"), [(True, 3), (False, 1)])
def test_retry_from_inside_counts_as_it_says(rig: Rig, counted: bool, attempt: int) -> None:
    rig.work()
    assert rig.send("again", 2, counted).get(timeout=10) == attempt


def test_nothing_that_a_task_raises_ends_the_worker(rig: Rig) -> None:
    rig.work()
    kinds = ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "MemoryError", "RecursionError"]
    jobs = [rig.send(task, kind) for kind in kinds for task in ("throw", "aboom")]
    jobs += [rig.send("aboom", "CancelledError"), rig.send("cancels_itself")]
    for job in jobs:
        wait_until(lambda job=job: job.state is JobState.DEAD, f"{job.id} to be dead", 10)  # type: ignore[misc]
    assert rig.send("aadd", 1, 1).get(timeout=10) == 2
    with pytest.raises(RemoteError, match="SystemExit"):
        jobs[0].get(timeout=1)


def test_a_result_that_cannot_be_sent_leaves_the_job_succeeded(rig: Rig) -> None:
    rig.work()
    for task, why in (("unsendable", "object"), ("too_large", "limit")):
        job = rig.send(task)
        with pytest.raises(ResultError, match=why):
            job.get(timeout=10)
        assert job.state is JobState.SUCCEEDED


def test_a_body_that_cannot_be_read_makes_the_job_dead(rig: Rig) -> None:
    job = rig.send("add", 1, 2)
    key = rig.app.keys("default").key("jobs")
    record = rig.server.admin.hget(key, job.id)
    assert isinstance(record, bytes)
    head = record.partition(b"\n")[0]
    rig.server.admin.hset(key, job.id, head + b"\n\x93\xff\xff")
    rig.work()
    wait_until(lambda: job.state is JobState.DEAD, "the job to be dead", 10)
    assert job.info().reason == "undecodable"


def test_arguments_that_no_longer_fit_make_the_job_dead(rig: Rig) -> None:
    plan, _ = rig.app.tasks["add"].prepare((1, 2), {})
    job = rig.send("awho")
    key = rig.app.keys("default").key("jobs")
    record = rig.server.admin.hget(key, job.id)
    assert isinstance(record, bytes)
    head = record.partition(b"\n")[0]
    body = plan.runtime.codec.encode_call((1, 2, 3), {}, {})
    rig.server.admin.hset(key, job.id, head + b"\n" + body)
    rig.work()
    with pytest.raises(TypeError, match="too many positional arguments"):
        job.get(timeout=10)
    assert job.info().reason == "arguments"


def test_an_unknown_task_is_set_aside_until_someone_knows_it(rig: Rig) -> None:
    first = rig.start()
    jobs = [rig.send("newer"), rig.send("newer")]
    first.logged("no task 'newer' here")
    wait_until(lambda: rig.counts()["stranded"] == 2, "both to be set aside")
    assert rig.send("add", 1, 2).get(timeout=10) == 3, "others go on"
    assert first.log.count("no task 'newer'") == 1, "it is said once"
    rig.start(extra_task=True)
    assert [job.get(timeout=10) for job in jobs] == ["known now", "known now"]
    assert rig.look(jobs[0]).outcome.attempts == 1  # type: ignore[union-attr]


def test_progress_of_a_running_job_can_be_seen(rig: Rig) -> None:
    rig.work()
    job = rig.send("progress", 1.0)
    rig.began(job)
    last = Progress(9, 10, "on its way")
    wait_until(lambda: job.progress == last, "the last progress of several")
    job.get(timeout=10)


def test_poison_is_an_error_for_who_waits(rig: Rig) -> None:
    rig.start()
    job = rig.send("dies", 99)
    with pytest.raises(JobError, match="poison"):
        job.get(timeout=30)
