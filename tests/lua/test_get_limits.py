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
