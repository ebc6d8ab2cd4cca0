"""Row 16 in small: a thousand hostile jobs."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.hostile import ROW


@pytest.mark.timeout(150)
@pytest.mark.no_audit("what stands in the keys is not by the rules")
def test_hostile_jobs_harm_no_other_job_no_worker_and_no_terminal() -> None:
    prove(ROW)
