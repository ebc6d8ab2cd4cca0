"""Killed servers, killed keepers, removed files: what was confirmed is still there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from streamq.embedded import EmbeddedUnavailable, Phase, ensure, orphan, status, stop
from streamq.embedded import leash as leashes
from streamq.embedded.leash import ShellLeash
from streamq.embedded.wire import Wire
from tests.embedded.conftest import ask, gone, living
from tests.waiting import wait_until


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    os.kill(pid, number)
    if number == signal.SIGKILL:
        wait_until(lambda: gone(pid), f"the end of process {pid}")


class Writer(threading.Thread):
    """Writes numbers until told to stop, and knows which were confirmed."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self.place, self.confirmed, self.over = place, -1, threading.Event()

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            try:
                server = ensure(self.place)
                with Wire(server.socket_path, timeout=5) as wire:
                    while not self.over.is_set():
                        if wire.ask("SET", f"k{number}", "x" * 100) == "OK":
                            self.confirmed = number
                            number += 1
            except (OSError, EmbeddedUnavailable):
                time.sleep(0.01)


def test_nothing_confirmed_is_lost_however_often_server_and_keeper_are_killed(place: Path) -> None:
    server = ensure(place)
    writer = Writer(place)
    writer.start()
    seen = -1
    for round_ in range(6):
        wait_until(lambda: writer.confirmed > seen + 20, "some writes", timeout=15)  # noqa: B023
        server = ensure(place)
        kill(server.keeper_pid if round_ % 2 else server.pid)
        seen = writer.confirmed
    wait_until(lambda: writer.confirmed > seen + 20, "writes after the last kill", timeout=15)
    writer.over.set()
    writer.join()
    server = ensure(place)
    with Wire(server.socket_path, timeout=5) as wire:
        missing = [n for n in range(writer.confirmed + 1) if wire.ask("EXISTS", f"k{n}") != "1"]
    assert not missing
    wait_until(lambda: len(living(place)) == 2, "one keeper and one server")


def test_killed_server_is_back_by_itself_under_the_same_keeper(place: Path) -> None:
    server = ensure(place)
    kill(server.pid)
    wait_until(lambda: (now := status(place)) and now.running, "the restart")
    again = ensure(place)
    assert not again.started_now
    assert again.keeper_pid == server.keeper_pid
    assert again.pid != server.pid
    assert "killed by signal 9" in server.log_path.read_text()


def test_server_ends_with_a_killed_keeper_and_the_next_call_starts_both(place: Path) -> None:
    server = ensure(place)
    ask(server, "SET", "k", "v")
    kill(server.keeper_pid)
    wait_until(lambda: gone(server.pid), "the server's end", timeout=3)
    again = ensure(place)
    assert again.started_now
    assert ask(again, "GET", "k") == "v"


def test_call_right_after_the_keeper_was_killed(place: Path) -> None:
    for number in range(3):
        server = ensure(place)
        assert ask(server, "SET", f"k{number}", "v") == "OK"
        kill(server.keeper_pid)
        ask(ensure(place), "PING")  # not the one that is about to end
    assert ask(ensure(place), "EXISTS", "k0", "k1", "k2") == "3"


def test_a_hanging_server_of_a_killed_keeper_is_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ensure(place)
    assert ask(server, "SET", "k", "v") == "OK"
    kill(server.pid, signal.SIGSTOP)
    kill(server.keeper_pid)
    again = ensure(place, wait_seconds=15)
    assert again.pid != server.pid
    assert ask(again, "GET", "k") == "v"
    assert gone(server.pid)
    monkeypatch.setattr(orphan, "_TO_GO", 0.2)
    kill(again.pid, signal.SIGSTOP)
    kill(again.keeper_pid)
    assert stop(place)
    assert gone(again.pid)


def test_a_hanging_server_is_reported_within_the_deadline(place: Path) -> None:
    server = ensure(place)
    kill(server.pid, signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(EmbeddedUnavailable, match="does not answer") as caught:
        ensure(place, wait_seconds=0.5)
    assert time.monotonic() - start < 3
    assert len(str(caught.value).splitlines()) <= 6
    kill(server.pid, signal.SIGCONT)
    assert ensure(place).pid == server.pid


def test_a_write_cut_short_is_removed_and_said(place: Path) -> None:
    server = ensure(place)
    ask(server, "SET", "k", "v")
    stop(place)
    log = next((place / "appendonlydir").glob("*.incr.aof"))
    with log.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$1\r\nz\r\n$100\r\nxx")
    again = ensure(place)
    assert ask(again, "GET", "k") == "v"
    assert ask(again, "EXISTS", "z") == "0"
    assert "removed a write that was cut short" in again.log_path.read_text()


def test_damaged_data_is_reported_with_the_servers_own_words(place: Path) -> None:
    server = ensure(place)
    for number in range(20):
        ask(server, "SET", f"k{number}", "v")
    stop(place)
    log = next((place / "appendonlydir").glob("*.incr.aof"))
    data = bytearray(log.read_bytes())
    data[len(data) // 2 :] = b"?" * 40 + data[len(data) // 2 :]
    log.write_bytes(data)
    with pytest.raises(EmbeddedUnavailable, match="Bad file format") as caught:
        ensure(place)
    assert len(str(caught.value).splitlines()) <= 6
    wait_until(lambda: not living(place), "the keeper's end")


def test_removed_socket_is_made_anew(place: Path) -> None:
    server = ensure(place, idle_seconds=2)  # short, so that the keeper looks often
    ask(server, "SET", "k", "v")
    server.socket_path.unlink()
    assert ask(ensure(place), "GET", "k") == "v"


def test_removed_socket_folder_is_made_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(root / "runtime"))
    (root / "runtime").mkdir(mode=0o700)
    place = root / ("long" * 25)
    server = ensure(place, idle_seconds=2)
    shutil.rmtree(server.socket_path.parent)
    assert ask(ensure(place), "PING") == "PONG"


def test_removed_directory_ends_them_and_a_new_one_is_not_touched(place: Path) -> None:
    old = ensure(place, idle_seconds=2)
    shutil.rmtree(place)
    new = ensure(place)
    wait_until(lambda: gone(old.pid) and gone(old.keeper_pid), "the end of the old ones")
    assert ask(new, "PING") == "PONG"
    assert ensure(place).pid == new.pid


def test_stale_files_of_another_life_mean_nothing(place: Path) -> None:
    server = ensure(place)
    word = (place / "run" / "state.json").read_bytes()
    stop(place)
    # As after a power cut: "ready", a process id that is someone else's by now, a dead socket.
    mine = word.replace(
        f'"keeper_pid": {server.keeper_pid}'.encode(), f'"keeper_pid": {os.getpid()}'.encode()
    )
    (place / "run" / "state.json").write_bytes(mine)
    (place / "run" / "server.sock").touch()
    assert not stop(place)
    assert not getattr(status(place), "running", True)
    assert ensure(place).started_now


def test_asked_by_sigterm_both_end_cleanly(place: Path) -> None:
    server = ensure(place)
    kill(server.keeper_pid, signal.SIGTERM)
    wait_until(lambda: gone(server.pid) and gone(server.keeper_pid), "the end of both")
    now = status(place)
    assert now is not None
    assert now.phase is Phase.STOPPED


def test_a_starter_that_blocks_signals_does_not_make_them_deaf(place: Path) -> None:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        server = ensure(place)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    kill(server.pid)
    wait_until(lambda: ensure(place).pid != server.pid, "the restart")
    server = ensure(place)
    kill(server.keeper_pid)
    wait_until(lambda: gone(server.pid), "the server's end", timeout=3)


def test_a_client_may_shut_it_down(place: Path) -> None:
    server = ensure(place)
    with pytest.raises(OSError, match="closed"):
        ask(server, "SHUTDOWN")
    wait_until(lambda: gone(server.keeper_pid), "the keeper's end")
    assert ensure(place).started_now


def test_where_the_kernel_has_no_leash_a_shell_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = (
        "import sys, time; from streamq.embedded.leash import ShellLeash\n"
        "leash = ShellLeash(int(sys.argv[1])); print('tied', flush=True); time.sleep(60)"
    )
    sleeper = subprocess.Popen(["sleep", "60"])
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(sleeper.pid)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout
    assert holder.stdout.readline() == "tied\n"
    with holder:
        holder.kill()
    assert sleeper.wait(5) == -signal.SIGTERM
    other = subprocess.Popen(["sleep", "60"])
    ShellLeash(other.pid).release()
    assert other.poll() is None
    other.kill()
    other.wait()
    monkeypatch.setattr(leashes, "ctypes", None)
    assert leashes.kernel_leash() is None
