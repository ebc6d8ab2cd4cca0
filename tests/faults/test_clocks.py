"""Row 9 in small."""

from __future__ import annotations

import pytest

from tests.faults.clocks import ROW
from tests.faults.harness import prove


@pytest.mark.timeout(150)
def test_only_the_servers_clock_counts_and_that_may_step() -> None:
    prove(ROW)
