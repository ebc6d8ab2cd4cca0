"""Row 6 in small: each script, twenty times through a bad network."""

from __future__ import annotations

import pytest

from tests.faults.harness import prove
from tests.faults.network import ROW, SCRIPTS
from tests.lua.cases import CASES


@pytest.mark.timeout(150)
def test_whatever_happens_to_a_call_it_is_done_once_or_not_at_all() -> None:
    figures = prove(ROW)
    assert figures.sums["harmed"] > figures.sums["calls"] * 0.9, "the proxy harmed next to nothing"


def test_a_script_without_a_case_would_be_noticed() -> None:
    assert set(SCRIPTS) == set(CASES)
