"""Long jobs with real workers: killed again and again, frozen, followed by people and programs."""

from __future__ import annotations

import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from threading import Thread

import pytest

from streamq import ResultExpired
from tests.waiting import wait_until
from tests.worker.rig import Rig

ROWS, EVERY = 40, 5


def test_a_job_killed_at_random_steps_goes_on_from_its_last_checkpoint(rig: Rig) -> None:
    rig.start()
    draws = random.Random(11)
    job = rig.send("walks", ROWS, -1, 0.03, max_crashes=20)

    def rows() -> list[int]:
        names = [run.what for run in rig.all_runs() if run.id == job.id]
        return [int(name[3:]) for name in names if name.startswith("row")]

    for seen in (draws.randint(3, 14), draws.randint(22, 34)):
        wait_until(lambda seen=seen: seen in rows(), f"row {seen}: {rows()}", 30)  # type: ignore[misc]
        os.kill(rig.all_runs()[-1].pid, signal.SIGKILL)  # a worker, or the job's own process
        wait_until(lambda seen=seen: len(rows()) > rows().index(seen) + 2, "it to go on", 30)  # type: ignore[misc]
    assert job.get(timeout=30) == ROWS
    done = rows()
    assert sorted(set(done)) == list(range(ROWS)), "none was left out"
    again = [(before, after) for before, after in pairwise(done) if after != before + 1]
    assert 1 <= len(again) <= 2
    for before, after in again:
        assert after % EVERY == 0
        assert 0 <= before - after < 2 * EVERY, "since its last checkpoint"


def test_a_run_that_was_frozen_is_told_by_its_checkpoint_that_another_has_the_job(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("loses_its_lease")
    first = rig.began(job)
    wait_until(lambda: rig.server.admin.hlen(rig.app.keys("default").key("checkpoints")), "one")
    process.signal_one(first.pid, signal.SIGSTOP)  # longer than its lease
    rig.work()
    assert rig.began(job, 2, timeout=20).pid != first.pid
    kept = job.get(timeout=20)
    os.kill(first.pid, signal.SIGCONT)
    wait_until(lambda: rig.runs(job, "lost"), "the first one to be told", 10)
    assert kept >= 0, "what the first had kept was the second's to go on from"
    assert job.get(timeout=1) == kept
    assert rig.runs(job, "lost")[0].pid == first.pid


def test_a_reader_whose_connection_is_cut_gets_every_chunk_once(rig: Rig) -> None:
    rig.start()
    job = rig.send("slowly", 40, 0.04)
    chunks: list[int] = []
    reader = Thread(target=lambda: chunks.extend(job.stream(timeout=30)), daemon=True)
    reader.start()
    for number in (5, 15, 25):
        wait_until(lambda number=number: len(chunks) >= number, f"{number} chunks", 20)  # type: ignore[misc]
        for kind in ("pubsub", "normal"):
            rig.server.admin.client_kill_filter(_type=kind, skipme=True)
    reader.join(30)
    assert chunks == list(range(40))
    assert job.forget()
    with pytest.raises(ResultExpired):
        list(job.stream(timeout=5))
    wait_until(lambda: not rig.server.admin.keys(f"*{job.id}*"), "all of it to be gone")


def on_a_terminal(rig: Rig, *words: str, until: str) -> str:
    """What `streamq …` shows there, until it says that; then it is stopped, unless it has ended."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "streamq.cli", *words, "--broker", rig.server.url]
    env = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    shown = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if re.search(until, shown.decode(errors="ignore"), re.DOTALL):
                break
            try:
                shown += os.read(ours, 4096)
            except OSError:  # it has ended
                break
        process.send_signal(signal.SIGINT)
        process.wait(10)
    os.close(ours)
    return shown.decode()


def test_call_draws_a_bar_and_inspect_follows_progress_and_log(rig: Rig) -> None:
    rig.start()
    shown = on_a_terminal(rig, "call", "slowly", "20", "0.1", "--wait", until="null")
    assert "░" in shown
    assert "/20" in shown
    assert "null" in shown, shown
    job = rig.send("slowly", 300, 0.1)
    shown = on_a_terminal(rig, "inspect", "job", job.id, "--watch", until=r"of 300 \(.*\d at \d")
    assert re.search(r"of 300 \(.*\d at \d", shown, re.DOTALL), shown
    job.cancel()
