"""The queue that script tests run on, on each kind of server in turn."""

from __future__ import annotations

import pytest

from tests.lua.rig import Rig
from tests.servers import Server


@pytest.fixture
def rig(any_server: Server) -> Rig:
    """An empty queue; what is left of it is audited afterwards."""
    return Rig(any_server)
