"""Row 5 in small: one failover."""

from __future__ import annotations

import pytest

from tests.faults.failover import ROW
from tests.faults.harness import prove


@pytest.mark.timeout(150)
def test_what_a_replica_confirmed_survives_a_failover() -> None:
    prove(ROW)
