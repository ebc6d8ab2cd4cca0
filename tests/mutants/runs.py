"""A pytest run that stays: tests are collected once, servers stay warm, and each mutant is met by
the tests that run its statement, until one fails.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from _pytest.runner import runtestprotocol

from tests import servers_pool
from tests.model import test_queue_model, test_schedules_model
from tests.model.adapted import CHANGES
from tests.mutants.marks import Log, Place
from tests.servers import Server

MODELS: tuple[Any, ...] = (test_queue_model, test_schedules_model)
FLAVOUR = "valkey9"
MEMORY = 2 << 30  # bytes; a loop without an end fills all there is
ADAPTED = {f"lib/{name}.lua": old for name, (old, _) in CHANGES.items()}


def wanted(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Each test on one server, and none that takes half a minute."""
    found: dict[str, pytest.Item] = {}
    for flavour in (FLAVOUR, *servers_pool.FLAVOURS):
        for item in items:
            plain = item.nodeid
            for each in servers_pool.FLAVOURS:
                plain = plain.replace(each, "")
            is_here = plain == item.nodeid or flavour in item.name
            if is_here and item.path.name not in {"test_line_fuzz.py", "test_line_cost.py"}:
                found.setdefault(plain, item)
    kept = set(map(id, found.values()))
    return [item for item in items if id(item) in kept]


def is_model(item: pytest.Item) -> bool:
    return item.path.parent.name == "model"


class _Nothing:
    """What comes after a test: nothing that has more in common with it than the session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        return [self._session]


class Bench:
    """Runs tests of a session that has collected them."""

    def __init__(self, items: Sequence[pytest.Item]) -> None:
        self.items = {item.nodeid: item for item in items}
        self.servers: list[Server] = []
        self.took: dict[str, float] = {}  # by test, s
        self._logs: dict[Path, Log] = {}
        start = servers_pool.start

        def remembered(flavour: str = FLAVOUR, **options: Any) -> Server:
            server = start(flavour, **options)
            self.servers.append(server)
            server.keeps_scripts = True  # to compile them is most of what a test costs
            _limit_memory(server)
            return server

        servers_pool.start = remembered

    def passes(self, name: str, most_s: float) -> bool:
        """One test; what takes too long has its servers killed, and so fails."""
        item = self.items[name]
        began = time.monotonic()
        watch = threading.Timer(most_s, self._kill_servers)
        watch.start()
        try:
            reports = runtestprotocol(item, nextitem=_Nothing(item.session), log=False)  # type: ignore[arg-type]
        finally:
            watch.cancel()
            self.took[name] = time.monotonic() - began
        return not any(report.failed for report in reports)

    def forget_scripts(self) -> None:
        """Those of mutants that were met."""
        for server in self.servers:
            for node in server.nodes:
                with suppress(redis.RedisError):  # a mutant may have ended it
                    node.admin.script_flush()

    def places(self, name: str) -> set[Place]:
        """The statements that this test runs; none: it fails without any mutant."""
        if not self.passes(name, 600):
            return set()
        found: set[Place] = set()
        for server in self.servers:
            for node in server.nodes:
                path = node.folder / "server.log"
                if path.exists():
                    found |= self._logs.setdefault(path, Log(path)).places()
        return found

    def _kill_servers(self) -> None:
        for server in self.servers:
            for node in server.nodes:
                if node.alive:
                    node.signal(signal.SIGKILL)


def _limit_memory(server: Server) -> None:
    try:
        import resource

        for node in server.nodes:
            resource.prlimit(node.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, AttributeError, OSError):
        return  # not on every system


def short_models(examples: int, steps: int) -> None:
    """The models at a size for one mutant: no search for the shortest failure."""
    for module in MODELS:
        module.EXAMPLES = dict.fromkeys(module.EXAMPLES, examples)
        module.SETTINGS = hypothesis.settings(
            module.SETTINGS,
            stateful_step_count=steps,
            phases=[hypothesis.Phase.generate],
            database=None,
            derandomize=True,
        )
