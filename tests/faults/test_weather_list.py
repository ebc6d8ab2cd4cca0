"""Row 8 in small: every trouble, and foreign values in the keys that every queue uses."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.weather_list import ROW


@pytest.mark.timeout(150)
def test_whatever_the_server_does_no_worker_exits_and_work_goes_on() -> None:
    prove(ROW)
