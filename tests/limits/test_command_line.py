"""`streamq limit set`, `weigh` and `queue pause`: in force in every worker within a second."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from streamq import RateLimit
from streamq.cli import main
from tests.limits.crew import Crew, Stalls
from tests.waiting import wait_until

WITHIN_S = 1.0  # and what this machine stood still


def streamq(crew: Crew, *words: str) -> float:
    """Run a command; when its answer was there."""
    assert main([*words, "--broker", crew.server.url]) == 0
    return time.monotonic()


def test_a_limit_that_is_set_there_reaches_every_worker_within_a_second(crew: Crew) -> None:
    @crew.app.task(name="note", rate_limit="2/m", lane="one")
    def note(number: int) -> None:
        began = time.monotonic()
        time.sleep(0.02)
        crew.note(threading.get_ident(), began)

    crew.work(3, threads=1)
    note.delay_many([(n,) for n in range(60)])
    crew.ran(1)
    with Stalls() as stalls:
        changed = streamq(crew, "limit", "set", "note", "100/s")
        runs = crew.ran(60)[1:]
    firsts = {run.what: run.began - changed for run in reversed(runs)}
    assert len(firsts) == 3, "one thread in each of three workers"
    assert max(firsts.values()) < WITHIN_S + stalls.seconds
    slowed = streamq(crew, "limit", "reset", "note")
    note.delay_many([(n,) for n in range(20)])
    time.sleep(0.5)
    assert sum(run.began > slowed for run in crew.runs) <= 1, "2 a minute, as the code says"


@pytest.mark.parametrize("name", ["note/rate", "shared", "@queue/rate"])
def test_a_key_of_a_limit_that_has_none_is_refused_without_the_code_too(
    crew: Crew, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """As the workers published it, with a task, of several, of a queue."""
    crew.app.limit("shared", "50/m", queue="default")
    crew.app.queue("default", rate_limit="90/s")
    crew.task(rate_limit=["10/s", "shared", RateLimit(5, per=1, key="{what}")])
    crew.work()
    limits = crew.app.keys("default").key("limits")
    wait_until(lambda: crew.server.admin.exists(limits), "them to publish what holds")
    words = ["4/s", "--key", "x", "--broker", crew.server.url]
    assert main(["limit", "set", name, *words]) == 1
    assert "is one limit for all; it has no key 'x'" in capsys.readouterr().err
    assert main(["limit", "set", "note/rate-2", *words]) == 0, "this one has"


def test_a_weight_that_is_set_there_counts_at_once(crew: Crew) -> None:
    task = crew.task(0.002, lane="{tenant}")
    crew.work(threads=1, async_concurrency=1)
    task.delay_many([("a", "a"), ("b", "b")] * 200)
    crew.ran(20)
    streamq(crew, "limit", "weigh", "a", "3")
    seen = len(crew.runs)
    found = Counter(crew.order(seen + 130)[seen + 10 : seen + 130])
    assert 0.9 * 3 <= found["a"] / found["b"] <= 1.1 * 3


def test_a_pause_there_holds_at_once_and_ends_at_once(crew: Crew) -> None:
    task = crew.task(0.01, lane="{tenant}")
    crew.work(2, threads=1)
    task.delay_many([("a", "a"), ("b", "b")] * 100)
    crew.ran(10)
    paused = streamq(crew, "queue", "pause", "default", "--lane", "a")
    wait_until(lambda: sum(run.what == "b" for run in crew.runs) == 100, "those of b", 20)
    late = [run for run in crew.runs if run.what == "a" and run.began > paused + 0.2]
    assert late == []
    with Stalls() as stalls:
        resumed = streamq(crew, "queue", "resume", "default", "--lane", "a")
        runs = crew.ran(200)
    later = min(run.began for run in runs if run.began > resumed)
    assert later - resumed < WITHIN_S + stalls.seconds
