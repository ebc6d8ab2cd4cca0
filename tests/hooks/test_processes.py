"""Hooks of tasks that run in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from streamq import StreamQ
from tests.searched import ROOT
from tests.servers import Server
from tests.servers_process import spawn
from tests.waiting import wait_until


def test_a_child_opens_its_own_and_closes_it_and_events_are_told_in_the_worker(
    server: Server, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    env = {
        **os.environ,
        "STREAMQ_BROKER_URL": server.url,
        "HOOKS_JOURNAL": str(journal),
    }
    module = "tests.hooks.process_app"
    command: list[str | Path] = [sys.executable, "-m", "streamq", "-A", module, "worker"]
    worker = spawn(command, output=tmp_path / "log", env=env, cwd=ROOT)
    app = StreamQ("hooked", broker=server.url)
    jobs = [app.send_task("apart", queue="default") for _ in range(2)]
    said = {job.get(timeout=20) for job in jobs}
    app.close()
    (one,) = said if len(said) == 1 else (said.pop(),)
    child = one.split()[-1]
    assert one == f"opened in {child} {child}"
    wait_until(lambda: journal.read_text().count("succeeded") == 2, "both to be told")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    lines = [line.split(" ", 1) for line in journal.read_text().splitlines()]
    own = [what for pid, what in lines if pid == child]
    runs = own.count("before apart")
    assert own == ["open", *["before apart", "after apart"] * runs, "close"]
    (main,) = {pid for pid, what in lines if what.startswith("job.")}
    beside = [what for pid, what in lines if pid == main]
    assert beside[0] == "open"
    assert beside[-1] == "close"
    assert sorted(beside[1:-1]) == ["job.started apart"] * 2 + ["job.succeeded apart"] * 2
