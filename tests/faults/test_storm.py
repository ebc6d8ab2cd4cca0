"""Row 1 in small: five thousand jobs, fifty kills."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.storm import ROW


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_workers_killed_at_random_moments_lose_nothing() -> None:
    figures = prove(ROW)
    assert figures.sums["crashed"] > 0, "no kill met a running job: the storm shows nothing"
