"""The models for as long as it takes: `make soak ROW=model`.

    python -m tests.faults model                  500,000 steps; goes on where it was stopped
    python -m tests.faults model --seed 7         the rounds of this seed
    python -m tests.faults model --seed 7/12      one round again, as its line says
    python -m tests.faults model --rounds 3       no more than these for now

A round is 50 examples of 40 steps: four of five on the queue and one on its schedules, on Valkey
and Redis in turn. Each is a line in `.soak/`. Exits with 1 if a script did what the model does not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.model.adapted import adapted_scripts
from tests.model.test_queue_model import SETTINGS, Queue
from tests.model.test_schedules_model import Schedules
from tests.servers import Server
from tests.servers_pool import redis_binary, start

STEPS = 500_000
EXAMPLES = 50
FOLDER = Path(".soak")


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="make soak ROW=model",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", default="", help="what was printed; else the last, or a new one")
    parser.add_argument("--rounds", type=int, default=0, help="at most; 0: all")
    options = parser.parse_args(arguments)
    if "/" in options.seed:
        seed, _, number = options.seed.partition("/")
        steps, broken = fight(seed, int(number), shortest=True)
        say(f"round {options.seed}: {steps} steps{broken and ', broken:'}\n{broken}")
        return 1 if broken else 0
    return soak(options.seed or _last_seed() or str(random.randrange(10**6)), options.rounds)


def soak(seed: str, rounds: int) -> int:
    """What is left of this seed's rounds, or so many of them; the first that is broken ends it."""
    path = FOLDER / f"model-seed-{seed}.jsonl"
    path.parent.mkdir(exist_ok=True)
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    say(f"the models; seed {seed}, {sum(done):,} of {STEPS:,} steps done")
    until = len(done) + rounds if rounds else sys.maxsize
    while sum(done) < STEPS and len(done) < until:
        began = time.monotonic()
        steps, broken = fight(seed, len(done))
        if broken:
            say(f"round {seed}/{len(done)} is broken after {steps} steps:\n{broken}")
            return 1
        say(
            f"round {seed}/{len(done)}, {time.monotonic() - began:.0f} s: {steps:,} steps, broken 0"
        )
        done.append(steps)
        with path.open("a") as lines:
            lines.write(f"{steps}\n")
    say(
        f"the models, seed {seed}: {sum(done):,} of {STEPS:,} steps in {len(done)} rounds, broken 0"
    )
    return 0


def fight(seed: str, number: int, *, shortest: bool = False) -> tuple[int, str]:
    """One round: how many steps were taken, and what was broken, searched for the shortest way."""
    flavours = ["valkey9", "redis70"] if redis_binary() else ["valkey9"]
    server = start(flavours[number // 5 % len(flavours)])
    taken = [0]
    machine = _schedules(server, taken) if number % 5 == 4 else _queue(server, taken)
    drawn = random.Random(f"{seed}/{number}").randrange(2**32)
    phases = [hypothesis.Phase.generate, *[hypothesis.Phase.shrink] * shortest]
    size = hypothesis.settings(SETTINGS, max_examples=EXAMPLES, database=None, phases=phases)
    try:
        with adapted_scripts():
            run_state_machine_as_test(hypothesis.seed(drawn)(machine), settings=size)
    except BaseException as error:  # also a group of them
        if isinstance(error, KeyboardInterrupt):
            raise
        return taken[0], "".join(traceback.format_exception(error, limit=-3))
    finally:
        server.close()
    return taken[0], ""


def _queue(server: Server, taken: list[int]) -> type[Queue]:
    class Counted(Queue):
        def __init__(self) -> None:
            super().__init__(server)

        def teardown(self) -> None:
            taken[0] += self.taken
            super().teardown()

    return Counted


def _schedules(of: Server, taken: list[int]) -> type[Schedules]:
    class Counted(Schedules):
        server = of

        def teardown(self) -> None:
            taken[0] += self.taken
            super().teardown()

    return Counted


def _last_seed() -> str:
    """The seed of the latest run that was stopped before its end."""
    for path in sorted(FOLDER.glob("model-seed-*.jsonl"), key=lambda p: -p.stat().st_mtime):
        if sum(map(int, path.read_text().split())) < STEPS:
            return path.stem.rpartition("-")[2]
    return ""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- it is a command
