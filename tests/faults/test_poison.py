"""Row 10 in small."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.poison import ROW


@pytest.mark.timeout(200)
def test_poison_harms_no_job_but_itself() -> None:
    prove(ROW)
