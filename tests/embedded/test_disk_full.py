"""A full disk: said, waited for, and over by itself; nothing confirmed is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamq.embedded import EmbeddedDiskFull, EmbeddedServer, Phase, ensure, status, stop
from streamq.embedded import binary as binaries
from streamq.embedded.wire import Wire
from tests.embedded.conftest import ask
from tests.waiting import BUSY_S, wait_until

FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo 'Valkey server v=9.1.0 sha=0'; exit; fi
if [ -e full ]; then
  echo '1:M # Error writing to the AOF file: No space left on device'
  echo "1:M # Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."
  exit 1
fi
exec {real} "$@"
"""


@pytest.fixture
def small_disk(root: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    mount = shutil.which("mount")
    disk = root / "disk"
    disk.mkdir()
    command = [mount or "", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(disk)]
    if os.geteuid() or not mount or subprocess.run(command, check=False).returncode:
        pytest.skip("may not mount a small file system")
    yield disk
    with contextlib.suppress(Exception):
        stop(disk / "data")
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(server: EmbeddedServer) -> int:
    """Write until the server ends; return how many writes were confirmed."""
    confirmed = 0
    with contextlib.suppress(OSError), Wire(server.socket_path, timeout=5) as wire:
        while wire.ask("SET", f"k{confirmed}", "x" * 20_000) == "OK":
            confirmed += 1
    return confirmed


def phase_of(place: Path) -> Phase | None:
    now = status(place)
    return now.phase if now and not now.running else None


def test_full_disk_is_waited_for_and_nothing_confirmed_is_lost(small_disk: Path) -> None:
    place = small_disk / "data"
    server = ensure(place)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_500_000)
    confirmed = fill(server)
    assert confirmed > 5
    wait_until(lambda: phase_of(place) is Phase.DISK_FULL, "the keeper's word")
    start = time.monotonic()
    with pytest.raises(EmbeddedDiskFull) as caught:
        ensure(place)
    assert time.monotonic() - start < 1 + BUSY_S
    assert len(str(caught.value).splitlines()) <= 6
    assert "disk full" in str(caught.value)
    time.sleep(1.5)
    log = server.log_path.read_text()
    assert log.count("the disk is full") <= 1  # the log has no room either, so perhaps none
    ballast.unlink()
    wait_until(lambda: (now := status(place)) and now.running, "the recovery", timeout=10)
    again = ensure(place)
    assert not again.started_now
    assert ask(again, "EXISTS", *(f"k{n}" for n in range(confirmed))) == str(confirmed)


def test_full_from_the_beginning(small_disk: Path) -> None:
    with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(EmbeddedDiskFull, match="disk full"):
        ensure(small_disk / "data")
    (small_disk / "ballast").unlink()
    assert ask(ensure(small_disk / "data"), "PING") == "PONG"


def test_a_server_that_ends_for_want_of_room(
    root: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = root / "valkey-server"
    fake.write_text(FAKE.format(real=binaries.find_binary().path))
    fake.chmod(0o755)
    place.mkdir()
    monkeypatch.setattr(binaries, "_wheel_binary", lambda: fake)
    server = ensure(place)
    ask(server, "SET", "k", "v")
    stop(place)
    (place / "full").touch()
    with pytest.raises(EmbeddedDiskFull):
        ensure(place)
    with pytest.raises(EmbeddedDiskFull):
        ensure(place)
    (place / "full").unlink()
    wait_until(lambda: (now := status(place)) and now.running, "the recovery", timeout=10)
    assert ask(ensure(place), "GET", "k") == "v"
    assert server.log_path.read_text().count("the disk is full") == 1
