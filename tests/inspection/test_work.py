"""What looking costs: as many calls of the server with two thousand jobs as with twenty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from streamq import StreamQ, inspection
from streamq.inspection import PENDING, JobFilter, Place
from tests.inspection.hand import Hand

LOOKS: dict[str, tuple[Callable[[StreamQ], Any], int]] = {
    "queues": (inspection.queues, 2),
    "pending": (lambda app: inspection.walk(app, ["default"], PENDING, "", 20), 8),
    "dead": (lambda app: inspection.page(app, "default", Place.DEAD, "", 20), 2),
    "ended": (lambda app: inspection.ended(app, ["default"]), 5),
    "workers": (inspection.workers, 8),
    "limits": (inspection.limiters, 10),
    "groups": (lambda app: inspection.dead_groups(app, ["default"]), 4),
    "search": (
        lambda app: inspection.search(app, ["default"], PENDING, JobFilter(task="none")),
        20,
    ),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_costs_no_more_where_many_wait(app: StreamQ, hand: Hand, name: str) -> None:
    look, most = LOOKS[name]
    add = app.tasks["shop.add"]
    for number in (20, 2000):
        add.delay_many([(n,) for n in range(number)])
        with (
            patch.object(app.client, "run_many", wraps=app.client.run_many) as calls,
            patch.object(app.client, "command", wraps=app.client.command) as commands,
        ):
            look(app)
        assert calls.call_count + commands.call_count <= most


def test_why_a_job_waits_costs_no_more_where_many_do(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(3000)])
    with (
        patch.object(app.client, "run_many", wraps=app.client.run_many) as calls,
        patch.object(app.client, "command", wraps=app.client.command) as commands,
    ):
        info = inspection.job(app, jobs[-1].id)
        assert "behind about" in inspection.why(app, info)
    assert calls.call_count + commands.call_count <= 24
