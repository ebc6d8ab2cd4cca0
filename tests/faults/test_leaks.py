"""Row 14 in small: fifty thousand jobs, ten restarts."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.leaks import ROW


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_many_jobs_and_restarts_leave_nothing_behind() -> None:
    prove(ROW)
