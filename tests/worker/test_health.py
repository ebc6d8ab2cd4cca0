"""Health is red when a duty stands still and jobs wait for it, and green otherwise."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable
from inspect import isabstract

import pytest

from streamq import inspection, operations, worker
from streamq.inspection import vitals
from streamq.operations import NewJob
from streamq.worker import crew, pulse
from streamq.worker.bell import Bell
from streamq.worker.duty import Duty
from streamq.worker.enrolment import Enrolment
from streamq.worker.exchange import Exchange
from streamq.worker.handback import HandBackTicker
from streamq.worker.orders import Orders
from streamq.worker.progress import ProgressFlusher
from streamq.worker.promoter import Promoter
from streamq.worker.reclaimer import Reclaimer
from streamq.worker.relayer import Relayer
from streamq.worker.retirement import Retirement
from streamq.worker.scheduler import Scheduler
from streamq.worker.sweeper import Sweeper
from streamq.worker.telling import Teller
from streamq.worker.trails import Trails
from tests.waiting import wait_until
from tests.worker.rig import Rig

PATIENCE_S = 0.4
# Health shows when one of these stands still, each in a test of its own here.
SHOWS = {Exchange, Bell, pulse.Pulse, Promoter, Reclaimer, Relayer, Scheduler}
# These keep no job waiting: they pass on what jobs say, obey orders, clear up, look after restarts.
HARMLESS = {
    *(HandBackTicker, Orders, ProgressFlusher, Retirement, Sweeper, Teller, Trails),
    Enrolment,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "RHYTHM_S", 0.05)
    monkeypatch.setattr(crew, "CALM_PER_QUEUE_S", 0.02)
    monkeypatch.setattr(vitals, "_AGAIN_S", 0.1)


@pytest.fixture
def stop_duty(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    async def stuck(self: Duty) -> float:
        return 3600.0

    def stop(*duties: type[Duty]) -> None:
        for duty in duties:
            monkeypatch.setattr(duty, "once", stuck)

    return stop


def look(rig: Rig) -> list[str]:
    return inspection.health(rig.app, mine=lambda _: True, patience=PATIENCE_S).problems


def wait_for(rig: Rig, text: str) -> None:
    def seen() -> bool:
        return any(text in problem for problem in look(rig))

    wait_until(seen, f"a problem: {text}; there is {look(rig)}", timeout=15)


def test_a_worker_that_claims_nothing_is_red(rig: Rig, stop_duty: Callable[..., None]) -> None:
    stop_duty(Exchange, Bell)
    rig.work()
    assert look(rig) == []
    job = rig.send("add", 1, 2)
    wait_for(rig, "has claimed no job of default for")
    job.cancel()
    assert look(rig) == []


def test_a_worker_that_says_nothing_is_red_while_jobs_wait(
    rig: Rig, stop_duty: Callable[..., None]
) -> None:
    stop_duty(Exchange, Bell, pulse.Pulse)
    rig.work()
    job = rig.send("add", 1, 2)
    wait_for(rig, "has never said a word, while jobs of default wait")
    job.cancel()


def test_due_jobs_that_nobody_moves_are_red(rig: Rig, stop_duty: Callable[..., None]) -> None:
    stop_duty(Promoter)
    rig.work()
    job = rig.send("add", 1, 2, countdown=0.05)
    wait_for(rig, "scheduled jobs are due, and not moved")
    job.cancel()


def test_a_lapsed_lease_that_nobody_takes_back_is_red(
    rig: Rig, stop_duty: Callable[..., None]
) -> None:
    keys = rig.app.keys("default")
    rig.send("add", 1, 2)
    call = operations.claim(
        keys, worker="gone", token="T" * 32, lease_ms=1, limit=1, result_ttl_ms=1000
    )
    assert rig.app.client.run(call).jobs
    stop_duty(Reclaimer)
    rig.work()
    wait_for(rig, "a lease has run out, and its jobs are not taken back")


def test_an_outbox_that_nobody_empties_is_red(rig: Rig, stop_duty: Callable[..., None]) -> None:
    stop_duty(Relayer)
    keys = rig.app.keys("default")
    rig.send("add", 1, 2)
    token = "T" * 32
    claim = operations.claim(
        keys, worker="w", token=token, lease_ms=60_000, limit=1, result_ttl_ms=1000
    )
    (job,) = rig.app.client.run(claim).jobs
    away = operations.follow_up("mail", NewJob("follows.mail", "add", b"\x93\x92\x01\x02\x80\x80"))
    ack = operations.Ack(job.id, token, "add", "none", 1, 0, b"", away)
    rig.app.client.run(operations.ack(keys, worker="w", seq=1, jobs=[ack]))
    rig.work()
    wait_for(rig, "jobs for other queues stand in the outbox")


def test_a_schedule_that_nobody_fires_is_red(rig: Rig, stop_duty: Callable[..., None]) -> None:
    rig.work()
    rig.app.schedules.create("often", "add", args=(1, 2), every=0.05)
    rig.wait_for_count("succeeded", 1)
    assert look(rig) == []
    stop_duty(Scheduler)
    wait_for(rig, "a schedule is due, and makes no job")
    rig.app.schedules.delete("often")


def test_the_other_duties_keep_no_job_waiting(rig: Rig, stop_duty: Callable[..., None]) -> None:
    rig.work()
    stop_duty(*HARMLESS)
    jobs = [rig.send(task, 1, 2) for task in ("add", "aadd") for _ in range(3)]
    assert [job.get(timeout=10) for job in jobs] == [3] * 6
    time.sleep(1.5 * PATIENCE_S)
    assert look(rig) == []


def test_what_a_stopped_duty_shows_as_is_known_of_each() -> None:
    for module in pkgutil.iter_modules(worker.__path__):
        importlib.import_module(f"streamq.worker.{module.name}")
    known, found = [Duty], set[type[Duty]]()
    while known:
        below = known.pop().__subclasses__()
        known += below
        found.update(below)
    assert {duty for duty in found if not isabstract(duty)} == {*SHOWS, *HARMLESS}


def test_a_worker_whose_lease_nobody_renews_is_red(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamq.worker.shift.renew", lambda *_: [])
    rig.work()
    wait_for(rig, "no such worker is alive")


def test_a_busy_worker_and_a_full_limit_are_green(rig: Rig) -> None:
    rig.work(threads=1, async_concurrency=1)
    busy = rig.send("sleep", 1.2), rig.send("asleep", 1.2)
    for job in busy:
        rig.began(job)
    waiting = [rig.send("add", n, n) for n in range(3)]
    limited = [rig.send("aadd", n, n, rate_limit="1/h") for n in range(2)]
    wait_until(lambda: rig.counts()["oldest_ms"] > 1000 * PATIENCE_S, "jobs to wait")
    assert look(rig) == [], "it is busy"
    assert [job.get(timeout=10) for job in waiting] == [0, 2, 4]
    wait_until(lambda: rig.counts()["parked"] == 1, "the limit to be full")
    time.sleep(1.5 * PATIENCE_S)
    assert look(rig) == [], "the limit is full"
    limited[1].cancel()


def test_a_paused_queue_is_green(rig: Rig, stop_duty: Callable[..., None]) -> None:
    stop_duty(Exchange, Bell)
    rig.work()
    job = rig.send("add", 1, 2)
    rig.app.pause("default")
    wait_until(lambda: rig.counts()["oldest_ms"] > 2000 * PATIENCE_S, "the job to wait")
    assert look(rig) == []
    rig.app.resume("default")
    wait_for(rig, "has claimed no job of default for")
    job.cancel()
