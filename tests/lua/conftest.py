"""The queue that script tests run on, on each kind of server in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lua.rig import Rig
from tests.lua.still import StillRig
from tests.servers import Server


@pytest.fixture
def rig(any_server: Server) -> Rig:
    """An empty queue; what is left of it is audited afterwards."""
    return Rig(any_server)


@pytest.fixture
def still(server: Server) -> Iterator[StillRig]:
    """The same on one server, where time stands still."""
    rig = StillRig(server)
    yield rig
    rig.forget()
