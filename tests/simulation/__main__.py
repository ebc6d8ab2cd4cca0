"""Runs the simulation.

python -m tests.simulation 7                  the world of this seed, and what it was like
python -m tests.simulation --seeds 1000       so many worlds
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.simulation import Simulation

SHOWN = 100  # worlds between two lines of progress


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", help="of one world")
    parser.add_argument("--seeds", type=int, default=1000, help="worlds")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--log", action="store_true", help="print all that happens in it")
    options = parser.parse_args()
    if options.seed:
        figures = Simulation(options.seed, is_told=options.log).run()
        say(str(figures))
        return 1 if figures.broken else 0
    began, failed, runs, jobs = time.monotonic(), 0, 0, 0
    for seed in range(options.first, options.first + options.seeds):
        figures = Simulation(str(seed)).run()
        runs, jobs = runs + figures.runs, jobs + figures.jobs
        if (seed + 1) % SHOWN == 0:
            say(f"until seed {seed}: {failed} broken, {time.monotonic() - began:.0f} s")
        if figures.broken:
            failed += 1
            say(f"seed {seed} (python -m tests.simulation {seed}):")
            say("\n".join(f"  {one}" for one in figures.broken[:5]))
    say(
        f"{options.seeds} worlds, {jobs} jobs, {runs} runs, {failed} broken, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if failed else 0


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- it is a command


if __name__ == "__main__":
    sys.exit(main())
