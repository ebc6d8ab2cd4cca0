"""Breaks the scripts in small ways, one at a time, and says which breaks no test noticed.

    python -m tests.mutants                           all of them; goes on where it was stopped
    python -m tests.mutants --sample 300 --seed 1     so many, the same ones for the same seed
    python -m tests.mutants --only lib/park           those of these files
    python -m tests.mutants --again                   those that lived without a reason, once more
    python -m tests.mutants --list                    lives, and has no reason in survivors.txt

A mutant flips a comparison or a word, adds one to a number, drops a call or a check. The tests of
`tests/lua` that run its statement, and in which that is worth another value, are tried, then the
model. What is known of each mutant is a line
in `.mutants/`; the reasons why some live are in `tests/mutants/survivors.txt`.
"""

from __future__ import annotations

import argparse
import sys
from zlib import crc32

import pytest

from streamq.scripts import lua_folder
from tests.mutants.book import Book, read_reasons, table
from tests.mutants.hunt import Hunt
from tests.mutants.rules import Mutant, all_mutants


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="make mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sample", type=int, default=0, help="how many; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--only", default="", help="files that have this in their name")
    parser.add_argument(
        "--again", action="store_true", help="those that lived without a reason, once more"
    )
    parser.add_argument("--list", action="store_true", help="run nothing, name what lives")
    parser.add_argument("--tests", type=int, default=2000, help="tests for a mutant, at most")
    parser.add_argument("--examples", type=int, default=8, help="of each model; 0: without")
    parser.add_argument("--part", default="1/1", help="this one of so many processes")
    options = parser.parse_args()
    mutants = [each for each in all_mutants(lua_folder()) if options.only in each.file]
    if options.sample:
        mutants = drawn(mutants, options.sample, options.seed)
    book = Book()
    if not options.list:
        hunt = Hunt(unmet(mutants, book, options), book, options.tests, options.examples)
        arguments = [
            "tests/lua",
            "tests/model",
            "-q",
            "--tb=no",
            "--assert=plain",
            "-n",
            "0",
            "-W",
            "ignore",
        ]
        arguments += ["-p", "no:cacheprovider", "--capture=sys"]
        pytest.main(arguments, plugins=[hunt])
        book = Book()
    say(table(mutants, book, read_reasons()))
    return 0


def drawn(mutants: list[Mutant], number: int, seed: int) -> list[Mutant]:
    """So many of them: the same ones, too, when some others have come or gone."""
    return sorted(mutants, key=lambda each: crc32(f"{seed} {each.key}".encode()))[:number]


def unmet(mutants: list[Mutant], book: Book, options: argparse.Namespace) -> list[Mutant]:
    """Those of this part of which nothing is known yet."""
    part, parts = (int(number) for number in options.part.split("/"))
    reasons = read_reasons()
    return [
        each
        for each in mutants[part - 1 :: parts]
        if each.key not in book.killers
        or (options.again and not book.killers[each.key] and each.key not in reasons)
    ]


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- it is a command


if __name__ == "__main__":
    sys.exit(main())
