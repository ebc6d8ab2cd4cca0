"""What users' type checkers say of calls: errors on the marked lines, and on no others."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SNIPPETS = Path(__file__).with_name("snippets.py")
PACKAGE = Path(__file__).parents[2]
_MYPY_ERROR = re.compile(r"snippets\.py:(\d+): error")


@pytest.fixture(scope="module")
def wrong() -> list[int]:
    lines = SNIPPETS.read_text().splitlines()
    return [number for number, line in enumerate(lines, 1) if line.endswith("# wrong")]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mypy_finds_wrong_arguments_and_nothing_else(wrong: list[int], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--config-file=", str(SNIPPETS)],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = sorted({int(number) for number in _MYPY_ERROR.findall(done.stdout)})
    assert found == wrong, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pyright_finds_wrong_arguments_and_nothing_else(wrong: list[int]) -> None:
    pytest.importorskip("pyright", reason="pyright is not installed")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, str(SNIPPETS)], cwd=PACKAGE, capture_output=True, text=True, check=False
    )
    if not done.stdout.lstrip().startswith("{"):
        pytest.skip(f"pyright can't run here, it wants node: {(done.stderr or done.stdout)[-200:]}")
    diagnostics = json.loads(done.stdout)["generalDiagnostics"]
    errors = [one for one in diagnostics if one["severity"] == "error"]
    found = sorted({one["range"]["start"]["line"] + 1 for one in errors})
    assert found == wrong, "\n".join(f"{one['range']['start']}: {one['message']}" for one in errors)
