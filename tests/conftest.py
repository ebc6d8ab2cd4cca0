"""Fixtures every test may use: servers of its own, and what must hold when it has ended.

* `server`: a Valkey of the embedded wheel, empty. The usual one.
* `any_server`: the same test on each flavour (`servers_pool.FLAVOURS`).
* `make_server`: starts one for this test alone, to kill or to configure, e.g.
  `make_server(appendonly="yes", tcp=True)`.
* `make_proxy`: puts a proxy that loses, delays and cuts in front of a server.
* `container`: the URL of a server in a container, where a Docker engine answers.

After a test that used a server, every queue on it is audited and keys left behind are named
(`auditing.py`). `@pytest.mark.no_audit("why")` is for a test that breaks a queue on purpose.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import hypothesis
import pytest

from tests import ignored
from tests.auditing import assert_server_clean
from tests.proxy import Proxy
from tests.searched import SEARCHED
from tests.servers import Option, Server
from tests.servers_container import container as started_container
from tests.servers_container import why_no_docker
from tests.servers_pool import FLAVOURS, Pool, start

hypothesis.settings.register_profile(
    "streamq",
    deadline=None,  # a shared machine is slow now and then
    print_blob=True,  # how to repeat a failure
)
hypothesis.settings.load_profile("streamq")
ignored.stay_here()

_FAILED = pytest.StashKey[bool]()


def pytest_configure() -> None:
    """The suite starts a thousand processes: what each doesn't need to do is half of its time."""
    os.environ["PYTHONPATH"] = SEARCHED
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each compiles the package anew
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, or one process would still run them when the others have ended.

    They are that process's then, one after the other: no two of the faults at once.
    """
    items.sort(key=lambda item: not _is_long(item))


def _is_long(item: pytest.Item) -> bool:
    return item.path.parent.name in {"faults", "model"} or "slow" in item.keywords


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test itself failed: its leftovers are then no news."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = not report.passed
    return report


class MakeServer(Protocol):
    """`start` of `servers_pool`, but the server ends with the test."""

    def __call__(self, flavour: str = "valkey9", **options: Option) -> Server: ...


@pytest.fixture(scope="session")
def servers() -> Iterator[Pool]:
    """The shared servers of this test process."""
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture
def server(servers: Pool, request: pytest.FixtureRequest) -> Iterator[Server]:
    """An empty Valkey server on a unix socket."""
    server = servers.get("valkey9")
    yield server
    _audit(request, server)


@pytest.fixture(params=FLAVOURS)
def any_server(servers: Pool, request: pytest.FixtureRequest) -> Iterator[Server]:
    """An empty server of each flavour in turn; `indirect=True` picks some of them."""
    server = servers.get(request.param)
    yield server
    _audit(request, server)


@pytest.fixture
def make_server(request: pytest.FixtureRequest) -> Iterator[MakeServer]:
    """Starts servers for this test alone."""
    with ExitStack() as ends:
        made: list[Server] = []

        def make(flavour: str = "valkey9", **options: Option) -> Server:
            server = start(flavour, **options)
            ends.callback(server.close)
            made.append(server)
            return server

        yield make
        for server in made:
            _audit(request, server)


@pytest.fixture
def make_proxy() -> Iterator[Callable[..., Proxy]]:
    """Puts a `Proxy` in front of a server: `make_proxy(server)`, `make_proxy(server, tcp=True)`."""
    with ExitStack() as ends:

        def make(server: Server, **options: Any) -> Proxy:
            return ends.enter_context(Proxy(server.address, **options))

        yield make


@pytest.fixture
def container() -> Iterator[str]:
    """The URL of a server in a container; skips where no Docker engine answers."""
    if reason := why_no_docker():
        pytest.skip(reason)
    with started_container() as (url, _):
        yield url


def _audit(request: pytest.FixtureRequest, server: Server) -> None:
    failed = request.node.stash.get(_FAILED, True)
    if not failed and request.node.get_closest_marker("no_audit") is None:
        assert_server_clean(server)
