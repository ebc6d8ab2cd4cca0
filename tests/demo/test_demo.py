"""The demo, small: it comes out right, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.servers_process import remove_folder
from tests.waiting import wait_until


@pytest.fixture
def room() -> Iterator[Path]:
    """Where temporary files go; its path is short enough for a socket."""
    room = Path(mkdtemp(prefix="sqd-", dir="/tmp"))
    yield room
    remove_folder(room)


def demo(room: Path, *words: str) -> subprocess.Popen[str]:
    variables = {name: text for name, text in os.environ.items() if "STREAMQ" not in name}
    return subprocess.Popen(
        [sys.executable, "-m", "streamq.cli", "demo", *words],
        cwd=room,
        env={**variables, "TMPDIR": str(room), "HOME": str(room)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes(room: Path) -> list[str]:
    """The command lines that name this folder."""
    words = ["ps", "-eww", "-o", "args"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if f"{room}/" in line]


def assert_nothing_left(room: Path) -> None:
    wait_until(lambda: not processes(room), "the demo's processes to end")
    assert list(room.iterdir()) == []


def test_the_demo_kills_a_worker_and_comes_out_right(room: Path) -> None:
    with demo(room, "--files", "120") as running:
        out, err = running.communicate(timeout=50)
    assert running.returncode == 0, out + err
    assert re.search(r"kill -9 \d+: the worker process dies, [1-9]\d* jobs in its hands", out)
    assert "jobs       120; 120 succeeded, 0 lost, 0 dead" in out
    assert "attempts   123: 3 failed the first time" in out
    assert "acks       120: exactly one for each job" in out
    assert "index      equal to the one computed directly" in out
    assert "audit      clean" in out
    assert "All is well." in out
    assert "Traceback" not in err
    assert_nothing_left(room)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_stopped_leaves_nothing_behind(room: Path, how: signal.Signals) -> None:
    with demo(room) as running:
        assert running.stdout is not None
        while "starting a worker" not in running.stdout.readline():
            assert running.poll() is None
        wait_until(lambda: any("worker" in line for line in processes(room)), "a worker")
        running.send_signal(how)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130, out + err
    assert err.splitlines()[-1] == "Stopped."
    assert_nothing_left(room)


def test_what_is_kept_can_be_looked_at_as_it_says(room: Path) -> None:
    with demo(room, "--files", "40", "--keep") as running:
        out, err = running.communicate(timeout=50)
    assert running.returncode == 0, out + err
    lines = [line.split("#")[0].split() for line in out.splitlines() if "  streamq " in line]
    assert len(lines) == 6
    seen = ""
    for words in lines:
        done = subprocess.run(
            [sys.executable, "-m", "streamq.cli", *words[1:]],
            env={**os.environ, "HOME": str(room)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        seen += done.stdout
    assert "Audit clean" in seen
    assert "succeeded" in seen
    wait_until(lambda: not processes(room), "the server to end")
