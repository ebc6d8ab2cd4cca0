"""Row 2 in small: fifty zombies, and each of their calls alone."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.zombies import ROW


@pytest.mark.timeout(150)
def test_what_was_stopped_for_longer_than_its_lease_changes_nothing() -> None:
    figures = prove(ROW)
    assert figures.sums["calls_alone"] == 60
