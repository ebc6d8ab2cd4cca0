"""Which rows there are."""

from __future__ import annotations

from importlib import import_module

from tests.faults.harness import Row

MODULES = (
    "clocks",
    "everysec",
    "failover",
    "full_memory",
    "hostile",
    "leaks",
    "million",
    "network",
    "old_release",
    "outage",
    "poison",
    "server_killed",
    "stopping",
    "storm",
    "weather_list",
    "zombies",
)
_ROWS: list[Row] = [import_module(f"tests.faults.{name}").ROW for name in MODULES]
ROWS = {row.number: row for row in _ROWS}
