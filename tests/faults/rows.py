"""Which rows there are."""

from __future__ import annotations

from tests.faults import full_memory, network, storm, weather_list, zombies
from tests.faults.harness import Row

ALL = (storm.ROW, zombies.ROW, network.ROW, full_memory.ROW, weather_list.ROW)
ROWS: dict[int, Row] = {row.number: row for row in ALL}
