"""Runs programs as a reader would: a worker in one process, the program in another."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from streamq import StreamQ
from streamq.embedded import EmbeddedServer
from streamq.testing import assert_nothing_lost, on_server
from tests.servers_process import end, spawn

_PRINTED = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)
_APPLICATION = re.compile(r"^app = StreamQ\(", re.MULTILINE)
PATIENCE_S = 40


class Stage:
    """A folder with programs, and a namespace of the server for them alone."""

    def __init__(self, folder: Path, server: EmbeddedServer, namespace: str) -> None:
        self.folder = folder
        self._log = folder.parent / f"{folder.name}-worker.log"
        self.environment = {
            **{name: it for name, it in os.environ.items() if not name.startswith("STREAMQ_")},
            "STREAMQ_BROKER_URL": server.url,
            "STREAMQ_NAMESPACE": namespace,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @contextmanager
    def worker(self, module: str) -> Iterator[None]:
        """`streamq -A module worker`, meanwhile; its log is shown where something fails."""
        command: list[str | Path] = [sys.executable, "-m", "streamq.cli", "-A", module, "worker"]
        process = spawn(command, output=self._log, env=self.environment, cwd=self.folder)
        try:
            yield
        except BaseException:
            sys.stderr.write(self._log.read_text(errors="replace")[-3000:])
            raise
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            end(process)

    def run(self, *words: str, **environment: str) -> str:
        """What a Python program says on stdout; it must end well, and say nothing else."""
        ran = subprocess.run(
            [sys.executable, "-W", "error", *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ran.returncode == 0, f"{words}:\n{ran.stdout}{ran.stderr}"
        assert ran.stderr == "", ran.stderr
        return ran.stdout

    def test(self, name: str) -> None:
        """Run a test module of the folder."""
        plugin = ["-p", "pytest_streamq", "-p", "no:streamq"]
        own = ["-c", os.devnull, "--rootdir", ".", "-q", "-W", "error"]
        without = ["-p", "no:cacheprovider", "-p", "no:valkey"]
        self.run("-m", "pytest", *plugin, *own, *without, name)


def check_programs(
    folder: Path, files: Mapping[str, str], server: EmbeddedServer, namespace: str
) -> None:
    """Run them all: with a worker for the application, and for what they print."""
    stage = Stage(folder, server, namespace)
    for name in files:
        if name.startswith("test_"):
            stage.test(name)
    programs = [name for name, code in files.items() if "print(" in code]
    applications = [name for name, code in files.items() if _APPLICATION.search(code)]
    if not programs:
        return
    with (
        on_server(StreamQ("reader"), server.url, namespace=namespace) as app,
        stage.worker(applications[0].removesuffix(".py")),
    ):
        for name in programs:
            said = stage.run(name)
            expected = _PRINTED.findall(files[name])
            if expected:
                assert said.splitlines() == expected, name
        assert_nothing_lost(app)
