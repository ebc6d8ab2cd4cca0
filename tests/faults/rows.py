"""Which rows there are."""

from __future__ import annotations

from tests.faults import (
    clocks,
    full_memory,
    network,
    outage,
    poison,
    server_killed,
    stopping,
    storm,
    weather_list,
    zombies,
)
from tests.faults.harness import Row

MODULES = (
    storm,
    zombies,
    server_killed,
    network,
    full_memory,
    weather_list,
    poison,
    stopping,
    outage,
    clocks,
)
ROWS: dict[int, Row] = {row.number: row for row in [module.ROW for module in MODULES]}
