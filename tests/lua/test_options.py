"""options: what workers published of their tasks."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def test_options_are_texts_in_the_order_asked_and_empty_where_unknown(rig: Rig) -> None:
    rig.admin.hset(rig.keys.key("policy"), mapping={"t": '{"a":1}', "u": "{}"})
    with rig.unchanged():
        texts = rig.run(operations.options(rig.keys, tasks=["u", "nobody", "t"]))
    assert texts == ["{}", "", '{"a":1}']
