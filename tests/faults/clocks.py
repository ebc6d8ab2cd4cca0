"""Row 9: a worker's clock an hour off, and the server's stepping back and jumping ahead.

Only the server's clock counts, and that may step: nothing fires early but by a step ahead, no lease
is lost, no id is used twice. Clocks are told lies by libfaketime, for that process alone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.journal import read
from tests.faults.outage_app import app, long
from tests.waiting import wait_until

LIBRARIES = tuple(
    folder / "libfaketime.so.1"
    for folder in (
        Path("/usr/lib/x86_64-linux-gnu/faketime"),
        Path("/usr/lib/aarch64-linux-gnu/faketime"),
        Path("/usr/lib/faketime"),
    )
)
LATE_S = 2.5  # after a job is due


def library() -> Path:
    """libfaketime; skips the test where there is none."""
    for path in LIBRARIES:
        if path.exists():
            return path
    pytest.skip("no libfaketime (Debian: faketime)")


def _lie(offset: str, told_in: Path | None = None) -> dict[str, str]:
    """The environment of a process with this clock, or the one that a file says."""
    lie = {
        "LD_PRELOAD": str(library()),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }
    return lie | ({"FAKETIME_TIMESTAMP_FILE": str(told_in)} if told_in else {"FAKETIME": offset})


def attack(ground: Ground, *, hours: tuple[int, ...], steps_s: tuple[int, ...]) -> None:
    """Workers whose clocks are off by these hours, on a server that makes these steps."""
    clock = ground.folder / "clock"
    clock.write_text("+0")
    with patch.dict(os.environ, _lie("", clock)):
        server = ground.server()
    clock.write_text("-5")
    wait_until(lambda: abs(server.admin.time()[0] - time.time() + 5) < 2, "the lie to be believed")
    clock.write_text("+0")
    field = Field(ground, server, app, "tests.faults.outage_app")
    for number, hour in enumerate(hours):
        field.start("-c", "2", "--async-concurrency", "8", env=_lie(f"{hour:+}h"))
        field.registered(number + 1)
    jobs: list[str] = []
    began: dict[int, float] = {}  # number of a delayed job -> monotonic, when it was enqueued
    before = 0
    for number, step in enumerate(steps_s):
        jobs.append(long.delay(number, 2.5).id)
        began[100 + number] = time.monotonic()
        jobs.append(long.options(countdown=1).delay(100 + number, 0).id)
        field.wait(lambda n=number: field.runs()[n], "a job to run")  # type: ignore[misc]
        clock.write_text(f"{step:+}")
        jobs += [job.id for job in long.delay_many([(200 + 50 * number + n, 0) for n in range(50)])]
        later = 300 + number + 200
        began[later] = time.monotonic()
        jobs.append(long.options(countdown=1).delay(later, 0).id)
        _watch(ground, field, began, step - before)
        before = step
        wait_until(lambda n=number: _ended(field, n), "the long job to end", 20)  # type: ignore[misc]
    clock.write_text("+0")
    field.wait(field.is_empty, "all to end", 40)
    _judge(ground, field, jobs)
    field.stop()
    ground.audit(server)


def _ended(field: Field, number: int) -> bool:
    return field.counts()["running"] == 0 and field.runs()[number] > 0


def _watch(ground: Ground, field: Field, began: dict[int, float], step: int) -> None:
    """When what is delayed by a second runs; a step back makes it late by as much, at most."""
    seen: dict[int, float] = {}
    until = time.monotonic() + 2 + abs(min(step, 0)) + LATE_S
    while time.monotonic() < until and len(seen) < len(began):
        runs = field.runs()
        for number in began:
            if runs[number] and number not in seen:
                seen[number] = time.monotonic()
        time.sleep(0.02)
    for number, at in seen.items():
        waited = at - began[number]
        # A jump ahead makes due what is due by the server's clock; nothing else is early.
        early = waited < 1 - 0.05 and step <= 0
        ground.figures.expect(not early, f"step {step}: {number} ran after {waited:.2f} s")
        ground.figures.measure(**{f"late_s_at_{step}".replace("-", "minus_"): waited - 1})
        del began[number]


def _judge(ground: Ground, field: Field, jobs: list[str]) -> None:
    figures = ground.figures
    figures.expect(len(set(jobs)) == len(jobs), "an id was used twice")
    field.expect_all_done(set(jobs))
    ids = [line.id for line in read(field.folder)]
    figures.expect(len(ids) == len(set(ids)), "a job ran more than once")
    counts = field.counts()
    for name in ("crashed", "reclaimed", "died"):
        figures.expect(not counts.get(name), f"{name}: {counts.get(name)}")
    figures.add(jobs=len(jobs))


ROW = Row(
    9,
    "a worker's clock an hour off, the server's stepping",
    attack,
    small={"hours": (1, -1), "steps_s": (-10, 0, 10)},
    large={"hours": (1, -1), "steps_s": (-10, 0, 10, -3, -30, 0)},
    rounds=3,
)
