"""The benchmark's harness at a toy size: it runs, counts what it should, and leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import environments, lanes, publish
from benchmarks.rows import at_least, at_most, targets
from benchmarks.server import Server

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


def test_many_lanes_are_measured_beside_one() -> None:
    with Server() as server:
        one, in_one = lanes.drained_us(server, lanes.in_one, 200)
        many, in_many = lanes.drained_us(server, lanes.each_its_own, 200)
    assert 0 < in_many <= 1.2 * in_one, "commands of a claim: no machine changes them"
    assert one > 0 < many


def test_every_peer_has_a_driver_and_pinned_versions() -> None:
    for driver, pins in environments.PEERS.items():
        assert (ROOT / "benchmarks" / "peers" / f"{driver}.py").is_file()
        for line in (environments.PINS / f"{pins}.txt").read_text().splitlines():
            assert "==" in line, f"{pins}.txt does not pin {line}"


def test_a_row_says_whether_its_target_holds() -> None:
    rows = [at_most("few", 0.02, 0.1), at_least("many", 3, 10, " ×", hard=True)]
    assert [row.holds for row in rows] == [True, False]
    assert "| many | ≥ 10 × | 3 × | **no** |" in targets(rows)


def test_the_projects_readme_quotes_the_headlines_of_the_latest_run() -> None:
    ours, project = publish.OURS.read_text(), publish.PROJECT.read_text()
    report = publish.between(ours, publish.REPORT)
    quoted = publish.between(project, publish.HEADLINES)
    assert quoted == publish.between(report, publish.HEADLINES)
    assert quoted.count("\n* ") == 2
    assert "without persistence" in project


def test_publishing_again_changes_only_what_is_between_the_markers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {}
    for name in ("OURS", "PROJECT"):
        texts[name] = getattr(publish, name).read_text()
        copy = tmp_path / name
        copy.write_text(texts[name])
        monkeypatch.setattr(publish, name, copy)
    publish.publish(publish.between(texts["OURS"], publish.REPORT))
    assert {name: (tmp_path / name).read_text() for name in texts} == texts
    begin, end = publish.markers(publish.HEADLINES)
    publish.publish(f"now\n{begin}\n\n* fast\n\n{end}\nmore")
    assert publish.between((tmp_path / "PROJECT").read_text(), publish.HEADLINES) == "* fast"
    changed = (tmp_path / "OURS").read_text()
    assert changed.startswith(texts["OURS"].partition("<!-- latest")[0])
    assert changed.endswith(texts["OURS"].partition("<!-- end of latest")[2])
