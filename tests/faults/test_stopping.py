"""Row 11 in small: thirty pairs of a state and a way to be stopped."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.stopping import ROW


@pytest.mark.timeout(240)
def test_a_worker_that_is_told_to_stop_ends_in_time_and_loses_nothing() -> None:
    prove(ROW)
