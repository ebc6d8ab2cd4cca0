"""Row 15 in small."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.old_release import ROW


@pytest.mark.timeout(150)
def test_an_earlier_release_works_beside_this_one() -> None:
    prove(ROW)
