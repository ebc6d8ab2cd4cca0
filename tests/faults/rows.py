"""Which rows there are."""

from __future__ import annotations

from tests.faults import full_memory, network, poison, server_killed, storm, weather_list, zombies
from tests.faults.harness import Row

MODULES = (storm, zombies, server_killed, network, full_memory, weather_list, poison)
ROWS: dict[int, Row] = {row.number: row for row in [module.ROW for module in MODULES]}
