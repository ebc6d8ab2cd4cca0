"""Who listens for a process: its thread, or the one who blocks."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from streamq import StreamQ, Task, WaitTimeout
from tests.app.hands import Hands, soon
from tests.servers import Server
from tests.waiting import BUSY_S, wait_until


@pytest.fixture
def parked(app: StreamQ, add: Task[[int, int], int], hands: Hands) -> Any:
    """The ear of an application whose thread stands by."""
    job = add.delay(0, 0)
    with soon(hands.run_all):
        assert job.get(timeout=10) == 0
    listener = app.runtime.listener
    wait_until(lambda: listener._is_parked, "the thread to stand by")
    return listener


def test_who_blocks_listens_himself(
    parked: Any, add: Task[[int, int], int], hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    deliver = parked._deliver

    def noted(text: bytes) -> None:
        threads.append(threading.current_thread())
        deliver(text)

    monkeypatch.setattr(parked, "_deliver", noted)
    for number in range(3):
        job = add.delay(number, 1)
        with soon(hands.run_all):
            begun = time.monotonic()
            assert job.get(timeout=10) == number + 1
            assert time.monotonic() - begun < 2
    assert threads == [threading.current_thread()] * 3


def test_he_hears_for_all_and_leaves_the_others_to_the_thread(
    parked: Any, add: Task[[int, int], int], hands: Hands
) -> None:
    assert not parked._ear.locked()
    first, second, third = (add.delay(number, 0) for number in range(3))
    claims = {one.id: one for one in hands.claim()}
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda job=job: found.append(job.get(timeout=20)))
        for job in (first, second)
    ]
    for one in threads:
        one.start()
    with soon(lambda: hands.run(claims[first.id])):
        assert asyncio.run(_aget(first)) == 0
    with pytest.raises(WaitTimeout):
        third.get(timeout=0.1)
    begun = time.monotonic()
    hands.run(claims[second.id])
    for one in threads:
        one.join(20)
    assert sorted(found) == [0, 1]
    assert time.monotonic() - begun < 3  # not by asking again, after 5 s
    hands.run(claims[third.id])
    assert third.get(timeout=10) == 2


async def _aget(job: Any) -> int:
    value: int = await job.aget(timeout=20)
    return value


def test_a_wait_in_a_loop_wakes_the_thread(
    parked: Any, add: Task[[int, int], int], hands: Hands
) -> None:
    job = add.delay(1, 2)
    with soon(hands.run_all):
        begun = time.monotonic()
        assert asyncio.run(_aget(job)) == 3
        assert time.monotonic() - begun < 3
    assert parked.generation == 1


def test_a_connection_lost_while_nobody_listened_is_made_anew(
    parked: Any, add: Task[[int, int], int], hands: Hands, server: Server
) -> None:
    server.admin.client_kill_filter(_type="pubsub")
    job = add.delay(1, 2)
    with soon(hands.run_all):
        begun = time.monotonic()
        assert job.get(timeout=10) == 3
        assert time.monotonic() - begun < 3
    assert parked.generation == 2


def test_closing_ends_a_thread_that_stands_by(parked: Any, app: StreamQ) -> None:
    begun = time.monotonic()
    parked.close()
    assert time.monotonic() - begun < BUSY_S
    assert parked._thread is None
    app.close()
