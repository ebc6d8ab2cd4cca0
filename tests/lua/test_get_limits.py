"""get_limits: pages of what holds in a queue."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def test_all_of_it_comes_in_pages(rig: Rig) -> None:
    values = {f"limit{i}": f"c {i + 1}" for i in range(200)}
    rig.run(op.set_limits(rig.keys, values=values))
    found: dict[str, str] = {}
    cursor = ""
    while True:
        page = rig.run(op.get_limits(rig.keys, cursor=cursor, limit=30))
        found |= page.values
        cursor = page.cursor
        if not cursor:
            break
    assert found == {f"={name}": text for name, text in values.items()}


def test_a_table_comes_in_pages_too(rig: Rig) -> None:
    rig.admin.config_set("hash-max-listpack-entries", 1)
    values = {f"limit{i}": f"c {i + 1}" for i in range(40)}
    rig.run(op.set_limits(rig.keys, values=values))
    found: dict[str, str] = {}
    cursor, pages = "", 0
    while cursor or not pages:
        page = rig.run(op.get_limits(rig.keys, cursor=cursor, limit=3))
        found, cursor, pages = {**found, **page.values}, page.cursor, pages + 1
    assert found == {f"={name}": text for name, text in values.items()}
    assert pages > 3
