"""set_limits: numbers that hold from the next claim on; run-time ones beat published ones."""

from __future__ import annotations

import pytest
import redis

from streamq import operations as op
from tests.lua.rig import Rig


@pytest.mark.parametrize(
    "values", [{"a": "r 0 1"}, {"a": "c -1"}, {"a": "x 1"}, {"pause": "1"}, {"weight a": "0"}]
)
def test_what_is_no_limit_is_refused_and_changes_nothing(rig: Rig, values: dict[str, str]) -> None:
    with rig.unchanged(), pytest.raises(redis.ResponseError):
        rig.run(op.set_limits(rig.keys, values=values))


def test_what_is_set_beats_what_is_published_beats_what_the_job_says(rig: Rig) -> None:
    rig.enqueue(*"abcdef", opts="q=|cone=1")
    assert len(rig.claimed("T1")) == 1
    assert rig.run(op.set_limits(rig.keys, values={"one": "c 2"}, published=True)) == 1
    assert rig.run(op.set_limits(rig.keys, values={"one": "c 2"}, published=True)) == 0
    rig.run(op.poke(rig.keys, definition="one"))
    rig.run(op.poke(rig.keys, definition="one", cursor="c"))
    assert len(rig.claimed("T2")) == 1
    rig.run(op.set_limits(rig.keys, values={"one": "c 4"}))
    rig.run(op.poke(rig.keys, definition="one", cursor="c"))
    assert len(rig.claimed("T3")) == 2
    assert rig.run(op.reset_limits(rig.keys, names=["one"])) == 1
    assert rig.run(op.get_limits(rig.keys)).values == {"one": "c 2"}
    assert rig.claimed("T4") == []
