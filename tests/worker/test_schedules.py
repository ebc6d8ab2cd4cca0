"""Schedules with real workers: who fires, what is kept, what stops and what goes on."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamq.schedules import ScheduleError, UnknownSchedule
from streamq.worker import Worker
from streamq.worker.scheduler import Scheduler
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.bench import Bench, on_bench
from tests.worker.rig import Here, Process, Rig
from tests.worker.tasks import TICKS, make_app

MS = timedelta(milliseconds=1)


def ticks_of(rig: Rig, name: str) -> list[datetime]:
    """For which tick each of its jobs ran, from the journal of the ticking tasks."""
    path = rig.folder / "ticks"
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [datetime.fromisoformat(tick) for schedule, tick, *_ in lines if schedule == name]


def wait_for_ticks(rig: Rig, name: str, number: int, timeout: float = 15) -> list[datetime]:
    wait_until(
        lambda: len(ticks_of(rig, name)) >= number,
        f"{number} ticks of {name}; there are {len(ticks_of(rig, name))}",
        timeout,
    )
    return ticks_of(rig, name)


def gaps(ticks: list[datetime]) -> Counter[timedelta]:
    ticks = sorted(ticks)
    return Counter(b - a for a, b in itertools.pairwise(ticks))


@pytest.fixture
def rig(server: Server, make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> Rig:
    rig = make_rig(server)
    monkeypatch.setenv(TICKS, str(rig.folder / "ticks"))
    return rig


def kill_at_random(rig: Rig, processes: list[Process], rng: random.Random) -> None:
    """A supervisor with its worker, in the midst of whatever it does; another one takes over."""
    victim = processes.pop(rng.randrange(len(processes)))
    pids = [victim.pid, *victim.worker_pids]
    for pid in rng.sample(pids, len(pids)):
        os.kill(pid, signal.SIGKILL)
    victim.ended()
    processes.append(rig.start())


def each_tick_once(rig: Rig, workers: int, ticks: int, interval: timedelta) -> None:
    processes = [rig.start() for _ in range(workers)]
    rig.app.schedules.create("steady", "tick", every=interval)
    rng = random.Random(7)
    deadline = time.monotonic() + 30 + 3 * ticks * interval.total_seconds()
    while (seen := rig.app.schedules.get("steady")).fired < ticks:
        assert time.monotonic() < deadline, seen
        time.sleep(rng.uniform(0.1, 0.4))
        kill_at_random(rig, processes, rng)
    rig.app.schedules.pause("steady")
    fired = rig.app.schedules.get("steady").fired
    wait_until(lambda: rig.counts()["jobs"] == 0, f"all to end: {rig.counts()}", 30)
    info = rig.app.schedules.get("steady")
    assert rig.counts()["enqueued"] == info.fired == fired, "each tick has one job"
    assert info.missed == 0
    distinct = sorted(set(ticks_of(rig, "steady")))
    assert len(distinct) == info.fired, "no two jobs are for the same tick"
    assert set(gaps(distinct)) == {interval}, "and no tick is left out"


def test_workers_that_race_and_die_make_one_job_of_each_tick(rig: Rig) -> None:
    each_tick_once(rig, 3, 60, 60 * MS)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("STREAMQ_SOAK"), reason="STREAMQ_SOAK=1: takes minutes")
@pytest.mark.timeout(600)
def test_eight_workers_killed_at_random_make_one_job_of_each_of_500_ticks(rig: Rig) -> None:
    each_tick_once(rig, 8, 500, 100 * MS)


def test_a_schedule_fires_with_no_worker_of_its_queue(rig: Rig) -> None:
    rig.app.schedules.create("lonely", "tick", every=100 * MS, queue="lonely")
    rig.start(queues=("default",))
    wait_until(lambda: rig.counts("lonely").get("scheduled", 0) >= 3, "three jobs to wait there")
    rig.app.schedules.pause("lonely")
    made = rig.counts("lonely")["enqueued"]
    rig.work(queues=("lonely",))
    assert len(wait_for_ticks(rig, "lonely", made)) == made


def test_a_run_is_for_its_tick_also_after_a_retry_and_within_start_and_end(rig: Rig) -> None:
    start, end = _soon(1.5), _soon(2.3)
    often: dict[str, Any] = {"every": 200 * MS, "start": start, "end": end}
    rig.app.schedules.create("again", "failing_tick", **often, max_attempts=3, backoff=0.05)
    rig.app.schedules.create("named", "slow_tick", **often, args=(0.01,))
    rig.start()
    expected = [start + n * often["every"] for n in range(5)]
    wait_for_ticks(rig, "again", 15)
    assert Counter(map(_ms, ticks_of(rig, "again"))) == dict.fromkeys(map(_ms, expected), 3)
    assert [*map(_ms, sorted(ticks_of(rig, "named")))] == [*map(_ms, expected)]
    wait_until(lambda: rig.app.schedules.get("named").state == "ended", "it to be over")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_what_nobody_watched_is_made_up_for_as_asked(rig: Rig) -> None:
    process = rig.start()
    start = _soon(2.5)
    every: dict[str, Any] = {"every": 200 * MS, "start": start, "end": start + 1000 * MS}
    asked: dict[str, dict[str, Any]]
    asked = {name: {"on_missed": name} for name in ("skip", "once", "all")}
    asked["some"] = {"on_missed": "all", "missed_limit": 2}
    for name, how in asked.items():
        rig.app.schedules.create(name, "tick", **every, **how)
    assert process.worker_pid
    os.killpg(process.worker_pid, signal.SIGKILL)
    process.signal(signal.SIGKILL)
    process.ended()
    assert datetime.now(UTC) < start
    time.sleep((every["end"] - datetime.now(UTC)).total_seconds())
    rig.server.admin.hset(rig.app.keys("default").key("rhythm"), "promised", 1)  # for longer
    rig.start()
    made = {"skip": [], "once": [5], "some": [4, 5], "all": [0, 1, 2, 3, 4, 5]}
    for name, numbers in made.items():
        wait_until(lambda name=name: rig.app.schedules.get(name).state == "ended", "it")  # type: ignore[misc]
        ticks = wait_for_ticks(rig, name, len(numbers))
        expected = [_ms(start + n * 200 * MS) for n in numbers]
        assert [*map(_ms, sorted(ticks))] == expected, "its tick is what each is for"
        assert rig.app.schedules.get(name).missed == 6 - len(numbers)


def test_overlap_allow_skip_and_queue_one(rig: Rig) -> None:
    rig.start(threads=8)
    rig.app.schedules.create("any", "slow_tick", args=(0.5,), every=200 * MS)
    rig.app.schedules.create("skip", "slow_tick", args=(0.5,), every=100 * MS, overlap="skip")
    rig.app.schedules.create("one", "slow_tick", args=(0.5,), every=100 * MS, overlap="queue_one")
    wait_for_ticks(rig, "one", 3)
    for name in ("any", "skip", "one"):
        rig.app.schedules.pause(name)
        info = rig.app.schedules.get(name)
        assert (info.skipped > info.fired) == (name != "any")
    wait_until(lambda: rig.counts()["jobs"] == 0, "all to end")
    lines = [line.split() for line in (rig.folder / "ticks").read_text().splitlines()]

    def began(name: str) -> list[float]:
        return sorted(float(line[2]) for line in lines if line[0] == name)

    for name in ("skip", "one"):
        assert all(b - a >= 0.5 for a, b in itertools.pairwise(began(name))), "none overlap"
    assert any(b - a < 0.5 for a, b in itertools.pairwise(began("any")))


def test_a_change_takes_effect_at_once_and_a_pause_outlives_restarts(rig: Rig) -> None:
    process = rig.start()
    schedules = rig.app.schedules
    schedules.create("beat", "tick", every=3600)
    with pytest.raises(ScheduleError, match="already"):
        schedules.create("beat", "tick", every=1)
    assert schedules.update("beat", every=0.1).every == 0.1
    wait_for_ticks(rig, "beat", 3)
    assert schedules.pause("beat")
    assert not schedules.pause("beat")
    process.signal(signal.SIGTERM)
    process.ended()
    rig.start()
    time.sleep(0.3)
    number = len(ticks_of(rig, "beat"))
    time.sleep(0.5)
    assert len(ticks_of(rig, "beat")) == number
    assert schedules.get("beat").state == "paused"
    job = schedules.trigger("beat")
    assert job.get(timeout=5) is None
    assert schedules.resume("beat")
    wait_for_ticks(rig, "beat", number + 3)
    assert schedules.delete("beat")
    with pytest.raises(UnknownSchedule):
        schedules.get("beat")
    with pytest.raises(UnknownSchedule, match="there is none at all"):
        schedules.trigger("beat")


def test_its_last_runs_and_their_outcomes_are_listed(rig: Rig) -> None:
    rig.start()
    rig.app.schedules.create("fine", "tick", every=100 * MS)
    rig.app.schedules.create("bad", "boom", args=("x",), every=100 * MS)

    def states(name: str) -> list[str]:
        return [str(run.state) for run in rig.app.schedules.get(name).runs]

    wait_until(lambda: states("fine").count("succeeded") >= 3, "three runs")
    wait_until(lambda: states("bad").count("dead") >= 3, "three failures")
    run = rig.app.schedules.get("fine").runs[-1]
    assert run.scheduled_for is not None
    assert run.ended_at is not None
    assert run.ended_at - run.scheduled_for < timedelta(seconds=3)
    assert rig.app.result(run.id).info().id == run.id


def test_old_and_new_code_side_by_side_agree_on_the_new(rig: Rig) -> None:
    def run(every: float, **options: str) -> None:
        app = make_app(**rig.settings)
        app.every(every, name="deployed", **options)(app.tasks["tick"])  # type: ignore[arg-type]
        rig.here.append(Here(Worker(app, threads=2)))
        rig.here[-1].start()

    rig.start(declares=[{"every": 3600, "name": "deployed"}])
    wait_until(lambda: rig.app.schedules.list(), "the old code to declare it")
    assert rig.app.schedules.get("deployed").every == 3600
    rig.start(declares=[{"every": 0.1, "name": "deployed"}])
    wait_for_ticks(rig, "deployed", 3)
    run(3600)  # one with the old code is started again
    number = len(ticks_of(rig, "deployed"))
    wait_for_ticks(rig, "deployed", number + 15)
    assert rig.app.schedules.get("deployed").every == 0.1
    run(0.1, queue="other")
    wait_until(lambda: [one.queue for one in rig.app.schedules.list()] == ["other"], "it to move")
    number = len(ticks_of(rig, "deployed"))
    ticks = wait_for_ticks(rig, "deployed", number + 5)
    assert max(Counter(ticks).values()) == 1, "no tick comes twice"
    assert len(rig.app.schedules.list()) == 1


def test_a_worker_whose_clock_is_wrong_changes_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * 10**9)
    rig.work()
    rig.app.schedules.create("beat", "tick", every=100 * MS)
    ticks = wait_for_ticks(rig, "beat", 5)
    now = datetime.fromtimestamp(rig.server.admin.time()[0], UTC)
    assert abs(ticks[0] - now) < timedelta(seconds=20)


def test_a_duty_with_nothing_due_asks_less_than_once_a_second(rig: Rig) -> None:
    rig.app.schedules.create("rare", "tick", every=3600)

    async def steps(bench: Bench) -> None:
        duty, client, calls = bench.duty(Scheduler), rig.app.client, Counter[str]()
        ask = client.run_async

        async def counted(call: Any, **how: Any) -> Any:
            calls[call.script.name] += 1
            return await ask(call, **how)

        rig.app.client.run_async = counted  # type: ignore[method-assign]
        await duty.once()
        calls.clear()
        slept = sum([await duty.once() for _ in range(3)])
        assert calls == {"watch": 3}
        assert slept / 3 >= 1.5, "and the queues with schedules are looked up every 5 s"
        rig.app.client.run_async = ask  # type: ignore[method-assign]

    on_bench(rig, steps)


def test_one_that_cannot_be_declared_is_said_and_the_others_go_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.app.conf.task_create_missing_queues = False
    rig.app.every(100 * MS, name="lost", queue="nowhere")(rig.app.tasks["tick"])
    rig.app.every(100 * MS, name="fine")(rig.app.tasks["tick"])
    rig.work(queues=("default",))
    wait_for_ticks(rig, "fine", 2)
    assert "schedule lost: it can't be declared" in caplog.text


def test_many_schedules_of_one_task_in_one_queue(rig: Rig) -> None:
    for number in range(30):
        rig.app.schedules.create(f"s{number:02d}", "tick", every=500 * MS)
    rig.work()
    wait_until(
        lambda: min(len(ticks_of(rig, f"s{n:02d}")) for n in range(30)) >= 2, "two ticks of each"
    )
