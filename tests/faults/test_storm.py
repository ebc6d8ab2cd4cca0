"""The kill storm at its small size; `python -m tests.faults.storm` is the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.storm import weather
from tests.servers import Server


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_workers_killed_at_random_moments_lose_nothing(server: Server, tmp_path: Path) -> None:
    figures = weather(server, tmp_path, jobs=1200, kills=5, seed=20, limit=150)
    assert figures.good, str(figures)
    assert figures.kills == 5
    assert figures.crashed > 0, "no kill met a running job: the storm shows nothing"
