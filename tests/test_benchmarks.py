"""The benchmark's harness at a toy size: it runs, counts what it should, and leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.rows import at_least, at_most, targets

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_quick_measures_a_real_worker_and_exits_with_its_verdict() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.quick", "--scale", "0.02"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    measures = [line.split(" | ")[0].removeprefix("| ") for line in lines]
    for kind in ("async", "sync", "result"):
        assert f"jobs/s, {kind}" in measures
    broken = [line for line in lines if "**no**" in line and "commands inside" in line]
    assert not broken, "counts hold at any size"
    last = done.stdout.splitlines()[-1]
    assert (done.returncode == 0) == last.startswith("0 broken"), done.stdout


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_jobs_for_later_start_in_time_and_cost_a_worker_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scheduled", "--scale", "0.02"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert "| ≤ 250 ms |" in done.stdout, done.stderr
    grown = next(line for line in done.stdout.splitlines() if "growth of a worker" in line)
    assert grown.endswith("| yes |"), "a worker holds none of them, at any size"


def test_every_peer_has_a_driver_and_pinned_versions() -> None:
    for driver, pins in environments.PEERS.items():
        assert (ROOT / "benchmarks" / "peers" / f"{driver}.py").is_file()
        for line in (environments.PINS / f"{pins}.txt").read_text().splitlines():
            assert "==" in line, f"{pins}.txt does not pin {line}"


def test_a_row_says_whether_its_target_holds() -> None:
    rows = [at_most("few", 0.02, 0.1), at_least("many", 3, 10, " ×", hard=True)]
    assert [row.holds for row in rows] == [True, False]
    assert "| many | ≥ 10 × | 3 × | **no** |" in targets(rows)
