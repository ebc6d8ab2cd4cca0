"""One queue as the harness sees it: a producer on a pipe, and workers to start."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.board import VARIABLE
from benchmarks.environments import HERE, environment
from benchmarks.processes import spawn

if TYPE_CHECKING:
    from benchmarks.server import Server

ROOT = HERE.parent


class PeerError(Exception):
    """The producer could not do what it was asked."""


class Peer:
    """One queue, its producer process started."""

    def __init__(self, key: str, server: Server, board: str) -> None:
        self.key = key
        self._bin = environment(key) / "bin"
        self._log = Path(server.folder) / f"{key}.log"
        # Threads of numeric libraries and the like have no part in this.
        self._env = {
            **os.environ,
            "PATH": f"{self._bin}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_URL": server.url,
            VARIABLE: board,
        }
        self._env.pop("PYTHONPROFILEIMPORTTIME", None)
        with self._log.open("ab") as log:
            self._driver = subprocess.Popen(
                [str(self._bin / "python"), "-m", "benchmarks.driver", key],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._env,
                cwd=ROOT,
            )
        try:
            self.about: dict[str, Any] = self.ask("describe")
        except PeerError:
            self.close()
            raise
        self.name: str = self.about["name"]
        self.kinds: list[str] = self.about["kinds"]
        self.left: list[list[str]] = self.about["left"]

    def ask(self, verb: str, *arguments: Any) -> Any:
        """Have the producer do something; what it says."""
        assert self._driver.stdin and self._driver.stdout  # noqa: S101, PT018 - both are pipes
        try:
            self._driver.stdin.write(json.dumps([verb, *arguments]).encode() + b"\n")
            self._driver.stdin.flush()
            line = self._driver.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise PeerError(f"{self.key}: its producer ended\n{self.log()}")
        reply = json.loads(line)
        if "error" in reply:
            raise PeerError(f"{self.key}: {verb}: {reply['error']}")
        return reply["ok"]

    def start_worker(self, kind: str, *extra: str) -> subprocess.Popen[bytes]:
        """Start one worker for jobs of this kind."""
        program, *rest = self.about["workers"][kind]
        return spawn([str(self._bin / program), *rest, *extra], self._log, env=self._env, cwd=ROOT)

    def log(self) -> str:
        """The end of what producer and workers printed."""
        return self._log.read_text(errors="replace")[-1500:] if self._log.exists() else ""

    def close(self) -> None:
        """End the producer."""
        if self._driver.stdin:
            self._driver.stdin.close()
        try:
            self._driver.wait(3)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait()
