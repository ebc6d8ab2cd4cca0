"""What is known of mutants: who killed them, and why some live."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.rules import Mutant

FOLDER = Path(".mutants")
SURVIVORS = Path(__file__).parent / "survivors.txt"


class Book:
    """`.mutants/known.jsonl`: a line for each mutant that was met; the last one counts."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._path = folder / "known.jsonl"
        self.killers: dict[str, str] = {}  # mutant -> test; empty: it lives
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                self.killers.update([json.loads(line)])

    def write(self, mutant: Mutant, killer: str) -> None:
        self._path.parent.mkdir(exist_ok=True)
        with self._path.open("a") as lines:
            lines.write(json.dumps([mutant.key, killer]) + "\n")


def read_reasons(path: Path = SURVIVORS) -> dict[str, str]:
    """Mutant -> why it may live: blocks of mutants, each followed by its indented reason."""
    reasons: dict[str, str] = {}
    block: list[str] = []
    reason = ""
    for line in [*path.read_text().splitlines(), ""]:
        if line.startswith("    "):
            reason += line.strip() + " "
            continue
        if reason:
            reasons |= dict.fromkeys(block, reason.strip())
            block, reason = [], ""
        if line and not line.startswith("#"):
            block.append(line)
    return reasons


def table(mutants: Sequence[Mutant], book: Book, reasons: dict[str, str]) -> str:
    """A row for each file, then what lives without a reason, then the share."""
    met = [each for each in mutants if each.key in book.killers]
    killed = {each.key for each in met if book.killers[each.key]}
    alive = [each for each in met if each.key not in killed]
    unknown = [each for each in alive if each.key not in reasons]
    of_file = {
        name: Counter(each.file for each in group)
        for name, group in (("met", met), ("alive", alive), ("unknown", unknown))
    }
    rows = [f"{'file':32}{'met':>6}{'killed':>8}{'reason':>8}{'none':>6}"]
    for file, n in sorted(of_file["met"].items()):
        lives, bare = of_file["alive"][file], of_file["unknown"][file]
        rows.append(f"{file:32}{n:6}{n - lives:8}{lives - bare:8}{bare:6}")
    rows += ["", *(f"lives: {each.key}  =>  {each.new!r}" for each in unknown), ""]
    share = 100 * len(killed) / len(met) if met else 0
    sums = (
        f"{len(mutants)} mutants, {len(met)} met: {len(killed)} killed ({share:.1f} %), "
        f"{len(alive) - len(unknown)} live with a reason, {len(unknown)} without"
    )
    return "\n".join([*rows, sums])
