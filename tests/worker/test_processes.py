"""Worker processes that are killed, stopped or crash: what becomes of them and of their jobs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from streamq.job import JobState
from streamq.worker.child import process_state
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, named
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import GRACE_S, Rig

MakeRig = Callable[..., Rig]


def test_a_killed_worker_is_replaced_and_its_job_runs_again_with_the_crash_counted(
    rig: Rig,
) -> None:
    process = rig.start()
    job = rig.send("sleep", 0.8)
    first = rig.began(job)
    process.signal_worker(signal.SIGKILL)
    again = rig.began(job, times=2)
    assert again.at - first.at < 1.0 + 2, "within lease + 2 s"
    assert again.pid != first.pid
    assert (again.attempt, again.crashes) == (1, 1), "a crash is no attempt"
    process.logged("died: killed by SIGKILL")
    assert job.get(timeout=10) == "slept"
    assert rig.counts()["crashed"] == 1


def test_a_killed_workers_leases_end_with_it(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server, lease=20)
    process = rig.start()
    job = rig.send("sleep", 0.5)
    first = rig.began(job)
    process.signal_worker(signal.SIGKILL)
    assert rig.began(job, times=2, timeout=15).at - first.at < 10, "not in 20 s"
    assert rig.counts()["crashed"] == 1


def test_a_crashing_process_says_with_which_exit_code(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("adies", 7)
    process.logged("died: exit code 7")
    wait_until(lambda: job.state is JobState.DEAD, "the job to be dead", 20)
    assert job.info().reason == "poison"
    assert [run.crashes for run in rig.runs(job)] == [0, 1, 2]


def test_from_its_second_crash_on_a_job_runs_alone_and_takes_nobody_along(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("dies", 99)
    rig.began(job, times=3, timeout=20)
    worker = process.worker_pid
    wait_until(lambda: job.state is JobState.DEAD, "the job to be dead", 10)
    runs = rig.runs(job)
    assert [run.crashes for run in runs] == [0, 1, 2]
    assert runs[2].pid != worker, "the third run had a process of its own"
    assert process.worker_pid == worker, "which died alone"
    process.logged("its process crashed: killed by SIGKILL")
    process.logged(r"is dead \(poison\)")


def test_a_worker_s_death_is_not_the_doing_of_what_runs_in_another_process(rig: Rig) -> None:
    process = rig.start()
    in_child = rig.send("pwho", 2.0)
    rig.began(in_child)  # which takes a process its time: the other would have ended meanwhile
    here = rig.send("sleep", 2.0)
    rig.began(here)
    process.signal_worker(signal.SIGKILL)
    assert rig.began(in_child, times=2).crashes == 0
    assert rig.began(here, times=2).crashes == 1


def test_the_run_whose_crash_would_be_its_death_is_alone(rig: Rig) -> None:
    rig.start()
    job = rig.send("sleep", 0.2, max_crashes=2)
    first = rig.began(job)
    os.kill(first.pid, signal.SIGKILL)
    again = rig.began(job, times=2)
    assert again.crashes == 1
    assert again.pid not in rig.processes[0].worker_pids, "in a process of its own"
    assert job.get(timeout=10) == "slept"


def test_a_crash_is_seen_although_a_forked_child_lives_on(rig: Rig) -> None:
    process = rig.start()
    job = rig.app.tasks["leaves_a_child"].options(max_crashes=3).delay()
    wait_until(lambda: job.state is JobState.DEAD, "the job to be dead", 30)
    assert [run.crashes for run in rig.runs(job)] == [0, 1, 2]
    wait_until(lambda: len(rig.runs(job, "left")) == 3, "the children")
    for child in rig.runs(job, "left"):
        os.kill(child.pid, signal.SIGKILL)  # which were still there: nobody waited for them
    process.logged("its process crashed: killed by SIGKILL")


def test_a_job_that_survives_alone_gives_its_result(rig: Rig) -> None:
    rig.start()
    assert rig.send("dies", 2).get(timeout=20) == 2


def test_a_stopped_worker_loses_its_job_but_no_crash_is_counted(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("sleep", 1.0)
    first = rig.began(job)
    process.signal_worker(signal.SIGSTOP)
    rig.work()  # another worker
    second = rig.began(job, times=2, timeout=10)
    assert second.at - first.at > 0.9, "not before its lease had run out"
    assert (second.attempt, second.crashes) == (1, 0)
    process.signal_worker(signal.SIGCONT)
    assert job.get(timeout=10) == "slept"
    # What the first one says now, of a job that isn't its own any more, is refused.
    process.logged("a lease over 1 jobs was lost")
    assert rig.counts()["succeeded"] == 1
    assert rig.counts().get("crashed", 0) == 0


def test_a_blocked_loop_keeps_its_lease(rig: Rig) -> None:
    rig.start()
    job = rig.send("block", 2.5)
    rig.began(job)
    rig.work()  # would take it
    assert job.get(timeout=15) == "blocked"
    assert len(rig.runs(job)) == 1


def test_a_task_that_holds_the_gil_keeps_its_lease(rig: Rig) -> None:
    rig.start()
    job = rig.send("hog", 2.5)
    rig.began(job)
    rig.work()  # would take it
    assert job.get(timeout=20) == "hogged"
    assert len(rig.runs(job)) == 1


def test_the_worker_ends_in_order_when_its_supervisor_is_killed(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("sleep", 1.5)
    rig.began(job)
    worker = process.worker_pid
    process.signal(signal.SIGKILL)
    assert job.get(timeout=10) == "slept", "the job ends, its lease renewed meanwhile"
    assert len(rig.runs(job)) == 1
    wait_until(lambda: process_state(worker) in {"", "Z"}, "the worker to end", 5)
    assert not rig.workers()


def test_a_worker_that_could_not_register_yet_ends_with_its_supervisor(
    server: Server, make_rig: MakeRig, make_proxy: Callable[..., Proxy]
) -> None:
    proxy = make_proxy(server)
    proxy.add(Fault(named("HEXISTS"), Harm.CLOSE_BEFORE, times=10**6))
    rig = make_rig(server, broker=proxy.url)
    process = rig.start(ready=False)
    wait_until(lambda: proxy.count("HEXISTS") > 1, "the worker to look whether it is known", 20)
    worker = process.worker_pid
    process.signal(signal.SIGKILL)
    wait_until(lambda: process_state(worker) in {"", "Z"}, "the worker to end", 10)


def test_a_worker_whose_application_never_opens_ends_with_its_supervisor(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMQ_TEST_NEVER_OPENS", "1")
    rig.settings["grace"] = 1
    process = rig.start(ready=False)
    process.logged("opening")
    worker = process.worker_pid
    process.signal(signal.SIGKILL)
    wait_until(lambda: process_state(worker) in {"", "Z"}, "the worker to end", 10)


def test_a_stopped_supervisor_is_stood_in_for(rig: Rig) -> None:
    process = rig.start()
    process.signal(signal.SIGSTOP)
    job = rig.send("sleep", 2.5)
    rig.began(job)
    rig.work()
    assert job.get(timeout=10) == "slept"
    assert len(rig.runs(job)) == 1
    process.signal(signal.SIGCONT)


def test_a_worker_ended_from_outside_is_replaced(rig: Rig) -> None:
    process = rig.start()
    before = process.worker_pid
    process.signal_worker(signal.SIGTERM)
    process.logged("ended in order; starting another")
    assert rig.send("add", 1, 2).get(timeout=10) == 3
    assert process.worker_pid != before
    assert rig.counts().get("crashed", 0) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_ending_signal_ends_it_in_order(rig: Rig, number: int) -> None:
    process = rig.start()
    job = rig.send("asleep", 0.3)
    rig.began(job)
    process.signal(number)
    begin = time.monotonic()
    assert process.ended() == 0
    assert time.monotonic() - begin < GRACE_S
    assert job.get(timeout=1) == "slept"
    assert not rig.workers()
