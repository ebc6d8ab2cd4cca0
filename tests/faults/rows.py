"""Which rows there are."""

from __future__ import annotations

from tests.faults import (
    clocks,
    everysec,
    failover,
    full_memory,
    hostile,
    leaks,
    million,
    network,
    old_release,
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
    clocks,
    everysec,
    failover,
    full_memory,
    hostile,
    leaks,
    million,
    network,
    old_release,
    outage,
    poison,
    server_killed,
    stopping,
    storm,
    weather_list,
    zombies,
)
ROWS: dict[int, Row] = {row.number: row for row in [module.ROW for module in MODULES]}
