"""Worlds of twenty seeds, and that they would tell of a duty that is broken.

What a seed shows is shown again by `python -m tests.simulation SEED --log`.
"""

from __future__ import annotations

import threading
from typing import Any
from unittest.mock import patch

import pytest

from streamq.worker.leases import LeaseBook
from streamq.worker.promoter import Promoter
from streamq.worker.reclaimer import Reclaimer
from streamq.worker.settler import Batch, Settler
from tests.simulation.shop import Run
from tests.simulation.simulation import Simulation
from tests.simulation.threads import Baton

pytestmark = pytest.mark.no_audit("each world is audited at its end")
SEEDS = [str(number) for number in range(20)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_job_ends_once_and_no_lease_is_broken_whatever_goes_wrong(seed: str) -> None:
    figures = Simulation(seed).run()
    assert not figures.broken, f"python -m tests.simulation {seed} --log\n{figures}"
    assert figures.runs >= figures.jobs - figures.plan.jobs // 3  # the unwanted may never run
    assert not [one for one in threading.enumerate() if isinstance(one, Baton)], "left behind"


def test_a_seed_is_always_the_same_world() -> None:
    assert Simulation("7").run() == Simulation("7").run()


@pytest.mark.parametrize("troubled", ["first", "second", "nobody"])
def test_two_may_run_a_job_at_once_if_one_of_them_had_trouble(troubled: str) -> None:
    simulation = Simulation("1")
    nodes = {name: simulation.world.node(name) for name in ("first", "second", "nobody")}
    nodes[troubled].troubled(4)
    runs = [Run("a", nodes["first"], 1, 3.5, 6.0), Run("a", nodes["second"], 1, 4.5, 6.0)]
    simulation.journal.runs += runs
    simulation.excuses["a"] += 1
    simulation._check_runs()
    said = ["a ran on first and second at once"]
    assert simulation.world.broken == (said if troubled == "nobody" else [])


def forgotten(book: LeaseBook, queue: str) -> list[str]:
    """Of several claims the last one is not renewed."""
    return list(book._held[queue])[:-1]


def dropped(settler: Settler) -> Batch | None:
    """What was sent and not answered is not sent again."""
    settler._batch = None
    return SENT(settler)


async def idle(_duty: Any) -> float:
    """It does nothing."""
    return 1.0


SENT = Settler.batch
BROKEN = {
    "a renewer that forgets a lease": (LeaseBook, "tokens", forgotten),
    "an outcome that is sent once only": (Settler, "batch", dropped),
    "a reclaimer that sleeps": (Reclaimer, "once", idle),
    "a promoter that sleeps": (Promoter, "once", idle),
}


@pytest.mark.parametrize(("owner", "name", "broken"), BROKEN.values(), ids=BROKEN)
def test_a_broken_duty_is_found_within_these_seeds(owner: type, name: str, broken: Any) -> None:
    with patch.object(owner, name, broken):
        assert any(Simulation(seed).run().broken for seed in SEEDS)
