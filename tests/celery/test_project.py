"""A small Celery project, run under streamq and, where it can be installed, under Celery itself.

What it prints was recorded under Celery 5 with Redis (`expected.txt`); only the imports differ.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.environments import environment
from tests.conftest import MakeServer
from tests.searched import ROOT, SEARCHED
from tests.servers_process import end, spawn
from tests.waiting import wait_until

PROJECT = ROOT / "examples" / "celery_project"
EXPECTED = Path(__file__).with_name("project_expected.txt").read_text().splitlines()
CELERY = environment("celery") / "bin" / "python"  # made by `python -m benchmarks install`


class Project:
    """A copy of the project, a server for it, and the Python that runs it."""

    def __init__(self, folder: Path, url: str, python: str | Path, command: list[str]) -> None:
        self.folder, self.python, self.command = folder, python, command
        self.out, self.log = folder / "out.txt", folder / "worker.log"
        own = {name: it for name, it in os.environ.items() if not name.startswith("STREAMQ_")}
        path = f"{folder}:{SEARCHED}"
        notes = str(folder / "notes.txt")
        self.environment = {
            **own,
            "PYTHONPATH": path,
            "PROJECT_BROKER": url,
            "PROJECT_NOTES": notes,
        }

    def rewrite(self, pattern: str, to: str) -> None:
        for file in self.folder.rglob("*.py"):
            file.write_text(re.sub(pattern, to, file.read_text()))

    @contextmanager
    def started(self, words: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
        command: list[str | Path] = [*words]
        process = spawn(command, output=log, cwd=self.folder, env=self.environment)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
            end(process)

    def printed(self) -> list[str]:
        """What the calling program prints, with a worker that starts when it says so."""
        with self.started([str(self.python), "call.py"], self.out) as calls:
            wait_until(lambda: "start the worker" in self.out.read_text(), "the program's word", 20)
            worker = [*self.command, "-A", "proj", "worker", "-c", "1", "--loglevel", "INFO"]
            with self.started(worker, self.log):
                code = calls.wait(50)
        assert code == 0, self.out.read_text() + self.log.read_text()
        # Settings of Celery's that have no effect here are said to be so, once.
        lines = self.out.read_text().splitlines()
        return [line for line in lines if not line.startswith("setting ")]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(PROJECT, tmp_path / "project")


def test_the_project_prints_under_streamq_what_it_printed_under_celery(
    make_server: MakeServer, copied: Path
) -> None:
    command = [sys.executable, "-m", "streamq.cli"]
    project = Project(copied, make_server(tcp=True).url, sys.executable, command)
    assert project.printed() == EXPECTED


@pytest.mark.no_audit("Celery's keys are in it")
@pytest.mark.skipif(not CELERY.exists(), reason="no Celery here: its recorded output stands for it")
def test_the_recorded_output_is_celerys(make_server: MakeServer, copied: Path) -> None:
    command = [str(CELERY), "-m", "celery"]
    project = Project(copied, make_server("redis70", tcp=True).url, CELERY, command)
    project.rewrite(r"\bstreamq\.celery\b", "celery")
    assert project.printed() == EXPECTED
