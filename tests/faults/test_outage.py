"""Row 12 in small."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.outage import ROW


@pytest.mark.timeout(240)
def test_an_outage_costs_nothing_and_takes_no_job_away() -> None:
    prove(ROW)
