"""One row of the fault suite at its large size, round by round.

    python -m tests.faults 6                  begins, or goes on where it was stopped
    python -m tests.faults 6 --seed 7         the rounds of this seed
    python -m tests.faults 6 --seed 7/12      one round again, as its line says
    python -m tests.faults 6 --rounds 3       no more than these for now
    python -m tests.faults model              the model of the scripts: tests/model/soak.py

Each round is a line in `.soak/`; the sum of them is printed at the end. Exits with 1 if something
was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from tests import ignored
from tests.faults.harness import Figures, Row
from tests.faults.rows import ROWS
from tests.model import soak as model

FOLDER = Path(".soak")


def main() -> int:
    """The command."""
    ignored.stay_here()
    if sys.argv[1:2] == ["model"]:  # no attack: it counts steps
        return model.main(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="make soak ROW=",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("row", type=int, choices=sorted(ROWS))
    parser.add_argument("--seed", default="", help="what was printed; else the last, or a new one")
    parser.add_argument("--rounds", type=int, default=0, help="at most; 0: all of the row's")
    parser.add_argument("--small", action="store_true", help="rounds as in the tests")
    options = parser.parse_args()
    row, size = ROWS[options.row], "small" if options.small else "large"
    if "/" in options.seed:
        figures = row.total([row.fight(options.seed, **getattr(row, size))])
        say(f"row {row.number}, round {options.seed}: {figures}")
        return 1 if figures.broken else 0
    seed = options.seed or _unfinished(row, size) or str(random.randrange(10**6))
    return soak(row, size, seed, options.rounds)


def soak(row: Row, size: str, seed: str, rounds: int) -> int:
    """What is left of the rounds of this seed, then the sum of all."""
    path = _path(row, size, seed)
    path.parent.mkdir(exist_ok=True)
    done = [Figures.from_json(line) for line in _lines(path)]
    all_rounds = rounds or row.rounds
    say(f"row {row.number}: {row.title}; seed {seed}, {len(done)} of {all_rounds} rounds done")
    for number in range(len(done), all_rounds):
        began = time.monotonic()
        figures = row.fight(f"{seed}/{number}", **getattr(row, size))
        done.append(figures)
        with path.open("a") as results:
            results.write(figures.as_json() + "\n")
        took = time.monotonic() - began
        say(f"round {seed}/{number} of {all_rounds}, {took:.0f} s: {figures}")
    total = row.total(done)
    say(f"\nrow {row.number}, seed {seed}, {len(done)} rounds of {row.rounds}: {total}")
    return 1 if total.broken else 0


def _path(row: Row, size: str, seed: str) -> Path:
    return FOLDER / f"row-{row.number}-{size}-seed-{seed}.jsonl"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _unfinished(row: Row, size: str) -> str:
    """The seed of the latest run of this row that was stopped before its end."""
    for path in sorted(FOLDER.glob(_path(row, size, "*").name), key=lambda p: -p.stat().st_mtime):
        if len(_lines(path)) < row.rounds:
            return path.stem.rpartition("-")[2]
    return ""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- it is a command


if __name__ == "__main__":
    sys.exit(main())
