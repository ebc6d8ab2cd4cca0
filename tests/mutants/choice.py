"""Which tests meet a mutant, the likeliest to notice it first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.mutants.rules import Mutant

REFUSALS = "test_every_script"  # calls that can't be done
# A fragment has no test file of its own name: where its work is looked at, by how its name begins.
LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    "accept|plain|fresh|producer|schema": ("test_enqueue", "test_put", "test_admit"),
    "audit": ("test_audit", "test_audit_line", "test_audit_unique", "test_audit_schedules"),
    "candidates|consumer|ghost|grant|take|replay|patience": ("test_claim",),
    "crash|bound|grave|lapsed|returned|again": ("test_reclaim", "test_release", "test_bury"),
    "cut|entries|pending": ("test_cutting", "test_claim", "test_ack"),
    "end|expire": ("test_end_asked", "test_claim", "test_cancel"),
    "follow|outcome|lists": ("test_follow", "test_follow_keyed", "test_ack", "test_bury"),
    "notify": ("test_wait", "test_ack"),
    "pages": ("test_page",),
    "run|make_runs|schedule|seen|redefine": ("test_fire", "test_watch", "test_declare"),
    "runs": ("test_runs",),
    "tally": ("test_stats",),
    "trail": ("test_append",),
    "uni|vacate|retake|replace|keys_of": ("test_admit", "test_admit_parked", "test_follow_keyed"),
    "class|gate|give|heap|hold|join|limiter|line|order|park|place|pump|rest|re|seats|settings"
    "|timer|unpark|wake": (
        *("test_line", "test_throttle", "test_limiters", "test_pause", "test_poke"),
        *("test_set_limits", "test_standing", "test_limits_again", "test_admit_parked"),
    ),
}


def chosen(
    mutant: Mutant, tests: Sequence[str], seconds: Mapping[str, float], kills: Counter[str]
) -> list[str]:
    """All of these: what has killed its like, its own, then one of each file in turn."""
    early = likely(mutant)
    numbers: Counter[str] = Counter()  # how many of a file came before
    ranks = {}
    for name in sorted(tests, key=lambda name: seconds[name]):
        file = name.partition(".py")[0].rpartition("/")[2]
        numbers[file] += 1
        ranks[name] = (-kills[name], file not in early, file not in early and numbers[file])
    return sorted(tests, key=lambda name: (*ranks[name], seconds[name]))


def likely(mutant: Mutant) -> set[str]:
    """The test files that look at what this mutant breaks."""
    stem = mutant.file.rpartition("/")[2].removesuffix(".lua")
    files = {f"test_{stem}"}
    if mutant.file.startswith("lib/"):
        files |= {
            file
            for names, all_files in LOOKED_AT.items()
            if re.match(names, stem)
            for file in all_files
        }
    words = ("touch", "check", "error")
    if mutant.rule == "no check" or any(word in mutant.line for word in words):
        files.add(REFUSALS)
    return files
