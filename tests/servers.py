"""The servers of the test suite: its own processes, on sockets of their own, never port 6379.

`start("valkey9")` starts one; the fixtures in `conftest.py` keep one of each flavour per test
process and empty it before each test. Every server dies with the test process (see
`servers_process`).
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers_process import end, remove_folder, spawn, temporary_folder
from tests.waiting import wait_until

Option = str | int | Sequence[str]

_DEFAULTS: Mapping[str, Option] = {
    "save": '""',
    "appendonly": "no",
    "daemonize": "no",
    "enable-debug-command": "yes",  # DEBUG SLEEP and friends, for fault tests
    "bind": "127.0.0.1",
}
_PORTS = range(20_000, 30_000)  # below what the kernel hands out for outgoing connections
NO_RETRIES = Retry(NoBackoff(), 0)


def free_port() -> int:
    """A loopback port nobody listens on now, never 6379."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
            try:
                probe.close()
                with socket.socket() as bound:
                    bound.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port found")


@dataclass(eq=False)
class Node:
    """One server process and its data folder, which outlives the process until `close()`."""

    binary: Path
    options: Mapping[str, Option]
    folder: Path = field(default_factory=temporary_folder)
    port: int = 0  # 0: it listens on `socket` only
    credentials: tuple[str, str] | None = None  # user and password that may do everything
    process: subprocess.Popen[bytes] | None = None
    admin: redis.Redis = field(init=False)

    def __post_init__(self) -> None:
        user, password = self.credentials or (None, None)
        self.admin = redis.Redis(
            host="127.0.0.1",
            port=self.port,
            unix_socket_path=None if self.port else str(self.socket),
            username=user,
            password=password,
            protocol=2,
            socket_timeout=10,
            retry=NO_RETRIES,
        )

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def log(self) -> str:
        """The end of what the server logged."""
        log = self.folder / "server.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "(nothing logged)"

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server was never started"
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process on the data that lies there; back when it answers."""
        (self.folder / "server.conf").write_text(self._configuration())
        self.process = spawn(
            [self.binary, self.folder / "server.conf"], output=self.folder / "server.log"
        )
        wait_until(self._ready, f"{self.binary.name} to start in {self.folder}", timeout=15)

    def _configuration(self) -> str:
        options = {**_DEFAULTS, "dir": str(self.folder), "port": self.port}
        if not self.port:
            options |= {"unixsocket": str(self.socket), "unixsocketperm": "700"}
        lines = []
        for name, value in {**options, **self.options}.items():
            values = [value] if isinstance(value, str | int) else value
            lines += [f"{name.replace('_', '-')} {each}\n" for each in values]
        return "".join(lines)

    def _ready(self) -> bool:
        if not self.alive:
            raise RuntimeError(f"{self.binary.name} ended at start:\n{self.log}")
        try:
            return bool(self.admin.ping())
        except redis.ConnectionError:  # not listening yet, or loading its data
            return False

    def command(self, *words: Option) -> Any:
        """Any command, as the one who may do everything."""
        return self.admin.execute_command(*words)  # type: ignore[no-untyped-call]

    def configuration(self) -> dict[str, str]:
        """Every setting as it is now."""
        return {str(name): str(value) for name, value in self.admin.config_get("*").items()}

    def signal(self, how: int) -> None:
        assert self.process is not None
        self.process.send_signal(how)

    def kill(self) -> None:
        """`kill -9`: what isn't on disk is lost."""
        if self.process is not None:
            end(self.process)
        self.admin.connection_pool.disconnect()

    def stop(self) -> None:
        """End the process in order, its data on disk."""
        if self.alive:
            persisted = self.admin.config_get("appendonly")["appendonly"] == "yes"
            self.admin.shutdown(save=not persisted, nosave=persisted)
        if self.process is not None:
            self.process.wait(10)
        self.kill()

    def close(self) -> None:
        self.kill()
        self.admin.close()
        remove_folder(self.folder)


@dataclass(eq=False)
class Server:
    """One server, or one cluster, as the tests see it."""

    flavour: str
    nodes: list[Node]  # one, or the masters of a cluster
    url: str  # what an application gets as its broker
    admin: redis.Redis  # for assertions: may do everything, repeats nothing, answers bytes
    after_start: Callable[[], object] = lambda: None  # after each start of the nodes
    keeps_scripts: bool = False  # those of a test before are there for the next
    _configured: list[dict[str, str]] = field(default_factory=list, repr=False)

    @property
    def pid(self) -> int:
        return self.nodes[0].pid

    @property
    def address(self) -> str | tuple[str, int]:
        """Where the (first) process listens: a path or (host, port)."""
        node = self.nodes[0]
        return ("127.0.0.1", node.port) if node.port else str(node.socket)

    @property
    def alive(self) -> bool:
        return all(node.alive for node in self.nodes)

    @property
    def version(self) -> tuple[int, ...]:
        info = self.nodes[0].admin.info("server")
        text = str(info.get("valkey_version", info["redis_version"]))
        return tuple(int(part) for part in text.split("."))

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.after_start()
        self.remember_configuration()

    def remember_configuration(self) -> None:
        """What `clean` goes back to."""
        self._configured = [node.configuration() for node in self.nodes]

    def kill(self) -> None:
        """`kill -9`: what isn't on disk is lost."""
        for node in self.nodes:
            node.kill()

    def stop(self) -> None:
        """End it in order, its data on disk."""
        for node in self.nodes:
            node.stop()

    def restart(self) -> None:
        """Stop it (if it runs) and start it with the same data, at the same address."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """`SIGSTOP`: it hangs, connections stay open."""
        for node in self.nodes:
            node.signal(signal.SIGSTOP)

    def resume(self) -> None:
        for node in self.nodes:
            node.signal(signal.SIGCONT)

    def clean(self) -> None:
        """As if just started: no data, no scripts, nobody connected, the first configuration."""
        for node, configured in zip(self.nodes, self._configured, strict=True):
            admin = node.admin
            for kind in ("normal", "pubsub"):  # left by a test before
                admin.client_kill_filter(_type=kind, skipme=True)
            changed = {
                name: configured[name]
                for name, value in node.configuration().items()
                if configured.get(name, value) != value
            }
            for name, value in changed.items():
                admin.config_set(name, value)
            admin.flushall()
            if not self.keeps_scripts:
                admin.script_flush()
            admin.config_resetstat()

    def close(self) -> None:
        self.admin.close()
        for node in self.nodes:
            node.close()


def start_single(
    flavour: str,
    binary: Path,
    *,
    tcp: bool = False,
    password: str | None = None,
    **options: Option,
) -> Server:
    """One server process; `tcp` puts it on a loopback port, else it has only a unix socket."""
    credentials = None
    if password is not None:
        options["requirepass"] = password
        credentials = ("default", password)
    node = Node(binary, options, port=free_port() if tcp else 0, credentials=credentials)
    login = f":{password}@" if password is not None else ""
    where = (
        f"redis://{login}127.0.0.1:{node.port}/0" if tcp else f"unix://{login}{node.socket}?db=0"
    )
    server = Server(flavour, [node], where, node.admin)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server
