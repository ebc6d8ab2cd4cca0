"""Hooks of tasks that run in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider

from streamq import StreamQ, inspection
from streamq.otel import instrument
from tests.searched import ROOT
from tests.servers import Server
from tests.servers_process import spawn
from tests.waiting import wait_until


def start(log: Path, env: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    module = "tests.hooks.process_app"
    command: list[str | Path] = [sys.executable, "-m", "streamq", "-A", module, "worker", *words]
    return spawn(command, output=log, env=env, cwd=ROOT)


def test_a_child_opens_its_own_and_closes_it_and_events_are_told_in_the_worker(
    server: Server, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    env = {
        **os.environ,
        "STREAMQ_BROKER_URL": server.url,
        "HOOKS_JOURNAL": str(journal),
    }
    worker = start(tmp_path / "log", env)
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


def test_what_a_child_does_is_in_its_callers_trace_and_its_lines_name_the_job(
    server: Server, tmp_path: Path
) -> None:
    env = {
        **os.environ,
        "STREAMQ_BROKER_URL": server.url,
        "HOOKS_JOURNAL": str(tmp_path / "journal"),
    }
    worker = start(tmp_path / "log", env, "--log-format", "json")
    app = StreamQ("hooked", broker=server.url)
    provider = TracerProvider()
    instrument(app, tracer_provider=provider)
    with provider.get_tracer("test").start_as_current_span("request") as span:
        job = app.send_task("apart.traced", queue="default")
    trace_id, seen_id, inner = job.get(timeout=20)
    assert (trace_id, seen_id) == (f"{span.get_span_context().trace_id:032x}", job.id)
    assert [line.text for line in job.log()] == ["a line of its own"]
    assert app.result(inner).get(timeout=20).startswith("opened in ")
    family = inspection.job(app, job.id).children, inspection.job(app, inner).parent
    app.close()
    assert ([one.id for one in family[0]], family[1]) == ([inner], job.id)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    lines = [
        json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line[:1] == "{"
    ]
    (said,) = [line for line in lines if "said in a child" in str(line)]
    names = ("job_id", "task", "queue", "attempt", "trace_id")
    assert [said[name] for name in names] == [job.id, "apart.traced", "default", 1, trace_id]
