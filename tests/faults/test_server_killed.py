"""Row 3 in small."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.server_killed import ROW


@pytest.mark.timeout(120)
def test_what_was_confirmed_survives_the_server_s_sudden_death() -> None:
    prove(ROW)
