"""A server with an application on it, and workers that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server
from tests.worker.rig import GRACE_S, Rig
from tests.worker.tasks import JOURNAL

LEASE_S = 1.0  # the shortest there may be


@pytest.fixture
def make_rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Puts an application on a server: `make_rig(server, lease=2)`."""
    with ExitStack() as ends:

        def make(server: Server, **settings: Any) -> Rig:
            monkeypatch.setenv(JOURNAL, str(tmp_path / "journal"))
            settings = {"broker": server.url, "lease": LEASE_S, "grace": GRACE_S, **settings}
            rig = Rig(server, tmp_path, settings)
            ends.callback(rig.close)
            return rig

        yield make


@pytest.fixture
def rig(server: Server, make_rig: Callable[..., Rig]) -> Rig:
    """An application on an empty server; leases of a second."""
    return make_rig(server)
