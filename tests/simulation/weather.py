"""What goes wrong in a world, drawn from its seed: crashes, pauses, outages, clocks that jump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.simulation.network import Harm
from tests.simulation.world import World

HARMS = [one for one in Harm if one is not Harm.NONE]


@dataclass(frozen=True)
class Plan:
    """How a world is to be. Moments are in seconds from its beginning."""

    workers: int
    jobs: int
    harm_rate: float  # of the calls of all processes
    slowness: float  # seconds that a message takes, about
    kills: list[float]
    ends: list[float]  # a worker is told to stop, and another one comes
    pauses: list[tuple[float, float]]  # of a worker: from, for so long
    cuts: list[tuple[float, float]]  # a worker's network is gone
    outages: list[tuple[float, float]]  # the server's
    flushes: list[float]  # of its scripts
    jumps: list[tuple[float, float]]  # of a worker's clock, ahead
    back: list[tuple[float, float]]  # the server's clock steps back

    @property
    def is_calm(self) -> bool:
        """Whether nothing happens that may make a job run twice."""
        violent = (self.kills, self.ends, self.pauses, self.cuts, self.outages)
        return not any(violent) and not self.harm_rate


def draw(random: Random, seconds: float) -> Plan:
    """A plan: each world has some of it, and some have none."""

    def some(most: int, chance: float = 0.4) -> list[float]:
        count = random.randint(1, most) if random.random() < chance else 0
        return [random.uniform(0, seconds) for _ in range(count)]

    def lasting(most: int, low: float, high: float) -> list[tuple[float, float]]:
        """All of it is over a second after the end."""
        return [(at, min(random.uniform(low, high), seconds + 1 - at)) for at in some(most)]

    return Plan(
        workers=random.randint(1, 3),
        jobs=random.randint(15, 40),
        harm_rate=random.choice((0, 0, 0.02, 0.1)),
        slowness=random.choice((0.0005, 0.002, 0.02)),
        kills=some(2),
        ends=some(1),
        pauses=lasting(2, 0.2, 8),
        cuts=lasting(1, 0.2, 8),
        outages=lasting(1, 0.2, 5),
        flushes=some(2),
        jumps=lasting(1, 0.5, 3600),
        back=lasting(1, 0.1, 10),
    )


def brew(
    world: World, plan: Plan, fleet: Callable[[], list[str]], strike: Callable[[str, str], None]
) -> None:
    """Have it all happen; `fleet` names the workers, `strike` does to one what only it can do."""
    random = world.random
    world.harms, world.harm_rate, world.slowness = HARMS, plan.harm_rate, plan.slowness

    def hit(moments: list[float], what: Callable[[str], None]) -> None:
        for moment in moments:
            world.at(moment, lambda: what(random.choice(fleet())) if fleet() else None)

    def last(moments: list[tuple[float, float]], begin: Callable[[str, float], None]) -> None:
        for moment, seconds in moments:
            hit([moment], partial(_swapped, begin, seconds))

    hit(plan.kills, lambda name: strike(name, "kill"))
    hit(plan.ends, lambda name: strike(name, "end"))
    last(plan.pauses, lambda name, seconds: _pause(world, name, seconds))
    last(plan.cuts, lambda name, seconds: _cut(world, name, seconds))
    for moment, seconds in plan.outages:
        world.at(moment, partial(_outage, world, seconds))
    last(plan.jumps, lambda name, seconds: _jump(world, name, seconds))
    for moment, seconds in plan.back:
        world.at(moment, partial(_step_back, world, seconds))
    for moment in plan.flushes:
        world.at(moment, world.server.flush_scripts)


def _swapped(begin: Callable[[str, float], None], seconds: float, name: str) -> None:
    begin(name, seconds)


def _pause(world: World, name: str, seconds: float) -> None:
    node = world.named(name)
    node.paused_until = max(node.paused_until, world.now + seconds)
    node.troubled(seconds)


def _cut(world: World, name: str, seconds: float) -> None:
    """What is on its way gets lost too."""
    node = world.named(name)
    node.is_cut_off = True
    node.troubled(seconds + 5)
    for wire in node.wires:
        wire.is_silent = True

    def mend() -> None:
        node.is_cut_off = False

    world.at(world.now + seconds, mend)


def _outage(world: World, seconds: float) -> None:
    world.is_down = True
    world.hang_up()
    for node in world.nodes:
        node.troubled(seconds + 5)

    def mend() -> None:
        world.is_down = False

    world.at(world.now + seconds, mend)


def _jump(world: World, name: str, seconds: float) -> None:
    world.named(name).ahead += seconds


def _step_back(world: World, seconds: float) -> None:
    world.server_ahead -= seconds
