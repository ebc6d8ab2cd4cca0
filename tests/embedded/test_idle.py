"""It ends when nobody has been there for a while, and never under anybody's feet."""

from __future__ import annotations

import time
from pathlib import Path

from streamq.embedded import Phase, ensure, status
from streamq.embedded.locks import is_held
from streamq.embedded.watch import Finding, Watch
from streamq.embedded.wire import Wire
from tests.embedded.conftest import ask, gone, living
from tests.waiting import wait_until


def test_it_ends_when_idle_and_starts_again_with_its_data(place: Path) -> None:
    server = ensure(place, idle_seconds=0.3)
    ask(server, "SET", "k", "v")
    wait_until(lambda: gone(server.pid) and gone(server.keeper_pid), "the end of both")
    now = status(place)
    assert now is not None
    assert (now.running, now.phase) == (False, Phase.STOPPED)
    assert "no client" in now.message
    assert not list((place / "run").glob("server.sock*"))
    again = ensure(place)
    assert again.started_now
    assert ask(again, "GET", "k") == "v"


def test_a_silent_client_keeps_it_alive(place: Path) -> None:
    server = ensure(place, idle_seconds=0.3)
    with Wire(server.socket_path, timeout=5) as wire:
        time.sleep(1.2)
        assert wire.ask("PING") == "PONG"
    wait_until(lambda: gone(server.keeper_pid), "the end after the client left")


def test_short_visits_keep_it_alive(place: Path) -> None:
    server = ensure(place, idle_seconds=0.4)
    for _ in range(12):
        time.sleep(0.1)
        assert ensure(place).pid == server.pid


def test_visitors_at_the_moment_of_the_end_are_served(place: Path) -> None:
    """Comers at any moment around the idle end get a server, and what they wrote stays."""
    for number in range(8):
        server = ensure(place, idle_seconds=0.05)
        assert ask(server, "SET", f"k{number}", "v") == "OK"
        time.sleep(0.05 + number * 0.03)
    assert ask(ensure(place), "EXISTS", *(f"k{n}" for n in range(8))) == "8"
    assert len(living(place)) <= 2


def test_who_connected_before_the_door_closed_keeps_it_open(place: Path) -> None:
    server = ensure(place)
    watch = Watch(server.socket_path, idle_seconds=0)
    with Wire(server.socket_path, timeout=5):
        for _ in range(3):
            assert watch.look() is Finding.FINE
            assert server.socket_path.exists()
    watch.close()


def test_status_shows_clients_and_never_starts_anything(place: Path) -> None:
    assert status(place) is None
    assert not place.exists()
    server = ensure(place)
    with Wire(server.socket_path, timeout=5) as wire:
        wire.ask("PING")
        now = status(place)
    assert now is not None
    assert (now.running, now.clients, now.pid) == (True, 1, server.pid)
    assert now.version == server.version
    assert now.size_bytes > 0
    assert is_held(place / "run" / "keeper.lock")
