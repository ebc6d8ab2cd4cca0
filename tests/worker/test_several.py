"""Several worker processes under one supervisor: each for itself, and all ended together."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from streamq.worker import WorkerOptions
from streamq.worker.banner import lines
from streamq.worker.identity import check_name, new_name
from tests.servers import Server
from tests.waiting import BUSY_S, wait_until
from tests.worker.rig import GRACE_S, Process, Rig

MakeRig = Callable[..., Rig]


def start(rig: Rig, number: int = 3, **options: Any) -> Process:
    """A supervisor whose processes are all registered."""
    process = rig.start(processes=number, **options)
    wait_until(lambda: len(rig.workers()) == number, f"{number} workers", 20)
    return process


def test_processes_have_names_of_their_own_and_share_the_work(rig: Rig) -> None:
    process = start(rig, threads=1)
    assert len(process.worker_pids) == 3
    jobs = [rig.send("sleep", 1.0) for _ in range(3)]
    pids = {rig.began(job).pid for job in jobs}
    assert pids == set(process.worker_pids), "-c is for each of them"
    assert [job.get(timeout=10) for job in jobs] == ["slept"] * 3
    assert process.stop() == 0
    assert not rig.workers()


def test_a_crash_of_one_disturbs_no_other(rig: Rig) -> None:
    process = start(rig, threads=1)
    before = set(process.worker_pids)
    jobs = [rig.send("sleep", 2.0) for _ in range(3)]
    victim = rig.began(jobs[0]).pid
    for job in jobs[1:]:
        rig.began(job)
    process.signal_one(victim, signal.SIGKILL)
    process.logged(f"worker process {victim} died: killed by SIGKILL")
    wait_until(lambda: len(set(process.worker_pids) - before) == 1, "another in its place", 10)
    assert [job.get(timeout=15) for job in jobs] == ["slept"] * 3
    assert [len(rig.runs(job)) for job in jobs] == [2, 1, 1]
    assert before - {victim} < set(process.worker_pids)
    assert rig.counts()["crashed"] == 1


def test_the_leases_of_each_are_renewed(rig: Rig) -> None:
    start(rig, 2, threads=1)
    jobs = [rig.send("hog", 2.5), rig.send("block", 2.5)]
    for job in jobs:
        rig.began(job)
    rig.work()  # would take them
    assert {job.get(timeout=20) for job in jobs} == {"hogged", "blocked"}
    assert [len(rig.runs(job)) for job in jobs] == [1, 1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_ends_them_all_in_order(rig: Rig, number: int) -> None:
    process = start(rig, threads=1)
    jobs = [rig.send("sleep", 0.7) for _ in range(3)]
    for job in jobs:
        rig.began(job)
    begin = time.monotonic()
    process.signal(number)
    assert process.ended() == 0
    assert time.monotonic() - begin < GRACE_S
    assert [job.get(timeout=1) for job in jobs] == ["slept"] * 3
    assert not rig.workers()


def test_a_second_signal_ends_them_all_at_once(rig: Rig) -> None:
    process = start(rig, 2, threads=1)
    jobs = [rig.send("asleep", 30), rig.send("sleep", 30)]
    for job in jobs:
        rig.began(job)
    process.signal(signal.SIGTERM)
    process.logged("stopping")
    time.sleep(0.3)  # sooner it would be taken for an echo of the first
    begin = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.ended() == 0
    assert time.monotonic() - begin < GRACE_S
    assert rig.counts()["waiting"] == 2
    assert rig.counts().get("crashed", 0) == 0


def test_jobs_over_the_grace_are_handed_back_by_all_of_many(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.5)
    process = start(rig, 4, threads=1)
    jobs = [rig.send("sleep", 30) for _ in range(4)]
    for job in jobs:
        rig.began(job)
    begin = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - begin < 0.5 + 2 + BUSY_S
    assert rig.counts()["waiting"] == 4
    assert not rig.workers()


def test_a_name_that_is_asked_for_begins_the_names_of_all(rig: Rig) -> None:
    process = start(rig, 2, name="reports@%h")
    begin = new_name().rsplit("-", 2)[0]
    for name in rig.workers():
        assert name.decode().startswith(f"reports@{begin}-")
    assert rig.send("add", 1, 2).get(timeout=10) == 3
    assert process.stop() == 0


@pytest.mark.parametrize("name", ["", "a b", "~x", "a{b}", "n%d", "x" * 65])
def test_a_name_that_could_be_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="worker name"):
        check_name(name)


def test_the_banner_says_how_many_processes_there_are(rig: Rig) -> None:
    several = "\n".join(lines(rig.app, WorkerOptions(processes=3, threads=2)))
    assert "3 processes with 2 threads, 100 async tasks each" in several
    assert "processes" not in "\n".join(lines(rig.app, WorkerOptions()))
