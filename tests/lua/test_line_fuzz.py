"""Lanes, limits and priorities under random steps. `STREAMQ_MODEL=soak` goes on for long."""

from __future__ import annotations

import os

import pytest

from tests.lua.line_fuzz import LineFuzz
from tests.lua.rig import Rig

SEEDS, STEPS = (400, 400) if os.environ.get("STREAMQ_MODEL") == "soak" else (4, 80)


@pytest.mark.parametrize("any_server", ["valkey9", "redis70"], indirect=True)
@pytest.mark.timeout(0 if SEEDS > 100 else 60)
def test_limits_hold_and_the_line_stays_sound_whatever_happens(rig: Rig) -> None:
    for seed in range(SEEDS):
        fuzz = LineFuzz(rig, seed)
        for _ in range(STEPS):
            fuzz.step()
        fuzz.drain()
