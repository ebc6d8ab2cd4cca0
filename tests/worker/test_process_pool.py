"""Tasks with `pool="process"`: in warm children, one job at a time, each crash its own job's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import pytest

from streamq import RemoteError
from streamq.job import JobState
from streamq.operations import ClaimedJob, Record
from streamq.worker import application, frames
from streamq.worker.child import process_state
from streamq.worker.held import Held, Lease
from tests.faults import outage_app
from tests.servers import Server
from tests.waiting import BUSY_S, wait_until
from tests.worker.rig import Rig

MakeRig = Callable[..., Rig]


def has_ended(pid: int) -> bool:
    return process_state(pid) in {"", "Z"}


def test_a_child_runs_one_job_after_another_plain_or_async(rig: Rig) -> None:
    process = rig.start(process_concurrency=1)
    first = rig.send("pwho").get(timeout=20)
    assert first[:2] == [True, 1]
    assert first[2] != process.worker_pid
    assert rig.send("pwho").get(timeout=10)[2] == first[2], "the same child, warm"
    assert rig.send("pawho").get(timeout=10) == first[2], "also for an async function"
    assert rig.send("add", 1, 2).get(timeout=10) == 3
    assert rig.send("aadd", 1, 2).get(timeout=10) == 3
    assert process.stop() == 0
    assert process_state(first[2]) in {"", "Z"}, "it ended with the worker"
    assert not rig.workers()


def test_as_many_run_at_once_as_there_are_children(rig: Rig) -> None:
    rig.start(process_concurrency=2)
    for warming in [rig.send("pwho", 1.5) for _ in range(2)]:
        warming.get(timeout=20)
    jobs = [rig.send("pwho", 0.7) for _ in range(4)]
    results = [job.get(timeout=20) for job in jobs]
    began = sorted(rig.runs(job)[0].at for job in jobs)
    assert began[1] - began[0] < 0.6, "two at once"
    assert began[2] - began[0] > 0.6, "and no more"
    assert len({pid for _, _, pid in results}) == 2


def test_failures_retries_and_progress_are_as_elsewhere(rig: Rig) -> None:
    rig.start(process_concurrency=1)
    assert rig.send("pflaky", 2).get(timeout=20) == 3
    job = rig.send("pflaky", 99)
    with pytest.raises((ValueError, RemoteError), match="not now"):
        job.get(timeout=20)
    assert rig.counts()["retried"] == 4


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("exit", "exit code 7"),
        ("segfault", "killed by SIGSEGV"),
        ("kill", "killed by SIGKILL"),
    ],
)
def test_a_crash_of_a_child_is_its_jobs_alone(rig: Rig, how: str, named: str) -> None:
    process = rig.start(process_concurrency=2)
    worker = process.worker_pid
    innocent = [rig.send("pwho", 1.5), rig.send("sleep", 1.5), rig.send("asleep", 1.5)]
    for one in innocent:
        rig.began(one)
    job = rig.send("pdies", how)
    process.logged(f"its process crashed: {named}")
    wait_until(lambda: job.state is JobState.DEAD, "the job to be dead", 10)
    assert job.info().reason == "poison"
    for one in innocent:
        one.get(timeout=10)
        assert len(rig.runs(one)) == 1
    assert process.worker_pid == worker
    assert rig.send("pwho").get(timeout=10)[0] is True, "another child is there"
    assert rig.counts()["crashed"] == 1


def test_a_busy_child_delays_no_async_task(rig: Rig) -> None:
    rig.start(process_concurrency=1)
    rig.send("pwho").get(timeout=20)
    spinning = rig.send("spin", 2.0)
    rig.began(spinning)
    waits = []
    for _ in range(20):
        begin = time.monotonic()
        rig.send("aadd", 1, 2).get(timeout=5)
        waits.append(time.monotonic() - begin)
    assert sorted(waits)[10] < 0.1, waits
    assert spinning.get(timeout=10) == "spun"


def test_a_child_is_replaced_after_its_jobs(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server, max_jobs_per_child=2)
    process = rig.start(process_concurrency=1)
    pids = [rig.send("pwho").get(timeout=20)[2] for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    process.logged("a child process is replaced: it has run 2 jobs")


def test_a_child_that_has_grown_is_replaced(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server, max_memory_per_child=200)
    process = rig.start(process_concurrency=1)
    assert [rig.send("pgrow", mib).get(timeout=20) for mib in (1, 1, 220, 1)] == [1, 2, 3, 1]
    process.logged(r"a child process is replaced: it has grown to \d+ MiB")


def test_at_the_deadline_children_are_killed_and_their_jobs_handed_back(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.5)
    process = rig.start(process_concurrency=2)
    jobs = [rig.send("pwho", 30), rig.send("spin", 30)]
    pids = [rig.began(job, timeout=20).pid for job in jobs]
    begin = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - begin < 0.5 + 2 + BUSY_S
    for job in jobs:
        state = rig.look(job).state
        assert state is not None
        assert (state.place, state.attempt, state.crashes) == ("B", 0, 0)
    for pid in pids:
        wait_until(partial(has_ended, pid), "the child to end", 5)
    assert not rig.workers()


def test_a_job_that_ends_within_the_grace_is_settled(rig: Rig) -> None:
    process = rig.start(process_concurrency=1)
    job = rig.send("pwho", 0.7)
    rig.began(job, timeout=20)
    assert process.stop() == 0
    assert job.get(timeout=1)[1] == 1


def test_a_child_that_ends_while_idle_costs_no_job(rig: Rig) -> None:
    process = rig.start(process_concurrency=1)
    pid = rig.send("pwho").get(timeout=20)[2]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: process_state(pid) in {"", "Z"}, "its end", 5)
    time.sleep(0.2)
    assert rig.send("pwho").get(timeout=20)[2] != pid
    process.logged("ended while it had nothing to do")
    assert rig.counts().get("crashed", 0) == 0


def test_children_end_with_a_killed_worker(rig: Rig) -> None:
    process = rig.start(process_concurrency=1)
    job = rig.send("pwho", 5)
    pid = rig.began(job, timeout=20).pid
    process.signal_worker(signal.SIGKILL)
    wait_until(lambda: process_state(pid) in {"", "Z"}, "the child to end", 5)


def test_a_child_whose_worker_was_killed_ends_without_a_word() -> None:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamq.worker.isolated", str(theirs.fileno())],
        pass_fds=(theirs.fileno(),),
        stderr=subprocess.PIPE,
    )
    theirs.close()
    with ours, process:
        app = application.describe(outage_app.app)
        ours.sendall(frames.pack({"app": app, "loglevel": "INFO", "log_format": "text"}))
        job = ClaimedJob("1.q", 1, 0, Record("none", "-", "-", b"\x93\x90\x80\x80"))
        ours.shutdown(socket.SHUT_RD)  # what it says now meets a closed line
        ours.sendall(frames.pack(frames.held_to_wire(Held(job, Lease("q", "T", 1, 0, 0.0)))))
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert b"Traceback" not in said


def test_where_no_process_could_import_the_application_it_says_so(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.work()
    assert rig.send("pwho").get(timeout=10)[2] == os.getpid()
    assert 'tasks with pool="process" run in this process' in caplog.text
