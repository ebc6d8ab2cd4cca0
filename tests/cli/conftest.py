"""The command line, called here: its exit code and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streamq.cli import main
from tests.inspection.conftest import app, hand
from tests.servers import Server

__all__ = ["app", "hand"]  # the fixtures of an application whose queue is filled by hand

SHOP = """\
from streamq import StreamQ

app = StreamQ("shop")


@app.task
def add(x: int, y: int = 0) -> int:
    return x + y


@app.task(queue="mail")
def send(to: str) -> None:
    raise ValueError(f"no such person: {to}")
"""


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def failed(self, code: int, *said: str) -> None:
        """It is an error of the right shape: short, no traceback, nothing on stdout."""
        assert self.code == code, self
        lines = self.err.splitlines()
        assert 1 <= len(lines) <= 6, self.err
        assert lines[0].startswith("Error: "), self.err
        assert "Traceback" not in self.err
        assert self.out == ""
        for text in said:
            assert text in self.err, self.err


Cli = Callable[..., Answer]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variables of the developer's, an empty folder, no module left from another test."""
    for name in list(os.environ):
        if name.startswith("STREAMQ_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("COLUMNS", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    before, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """`cli("inspect", "--json")`, in this process."""

    def call(*words: str) -> Answer:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return call


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    """A module `shop` in the current folder, and the variable that names the server."""
    file = Path("shop.py")
    file.write_text(SHOP)
    monkeypatch.setenv("STREAMQ_BROKER_URL", server.url)
    return file


def process(*words: str, **variables: str) -> subprocess.Popen[str]:
    """`streamq …` as a process of its own, in the current folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "streamq.cli", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
