"""Row 7 in small."""

from __future__ import annotations

import pytest

from tests.faults.full_memory import ROW
from tests.faults.harness import prove


@pytest.mark.timeout(120)
def test_a_full_server_refuses_whole_calls_and_drains() -> None:
    prove(ROW)
