"""A data directory for each test, and proof that nothing of it lives on afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamq.embedded import EmbeddedServer, stop
from streamq.embedded.wire import Wire
from tests.waiting import wait_until


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder with a short path; whatever serves below it is ended with the test."""
    folder = Path(tempfile.mkdtemp(prefix="sqe-", dir="/tmp"))
    yield folder
    for run in folder.rglob("run"):
        with contextlib.suppress(Exception):
            stop(run.parent)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        wait_until(lambda: not living(folder), "the end of all processes of this test", timeout=8)
    finally:
        for pid in living(folder):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def place(root: Path) -> Path:
    """A data directory that doesn't exist yet."""
    return root / "data"


def ask(server: EmbeddedServer, *words: str) -> str:
    """Send one command on a connection of its own."""
    with Wire(server.socket_path, timeout=5) as wire:
        return wire.ask(*words)


def living(folder: Path) -> list[int]:
    """Keepers and servers whose command line names something below this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes()
            ours = b"embedded.keeper" in words or b"unixsocket:" in words
            if ours and f"{folder}/".encode() in words:
                found.append(int(path.parent.name))
    return found


def gone(pid: int) -> bool:
    """Whether that process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with contextlib.suppress(OSError):
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    return True
