"""Which rows there are."""

from __future__ import annotations

from tests.faults import network, weather_list, zombies
from tests.faults.harness import Row

ROWS: dict[int, Row] = {row.number: row for row in (network.ROW, weather_list.ROW, zombies.ROW)}
