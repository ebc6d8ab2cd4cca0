"""Limits, weights and pauses changed while workers run: at once, and until they are reset."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import cast

import pytest

from streamq import Concurrency, ConfigurationError, JobExpired, JobState, RateLimit
from tests.limits.crew import Crew, MakeCrew, most_at_once
from tests.waiting import wait_until


def test_a_changed_rate_reaches_every_worker_within_a_second(crew: Crew) -> None:
    task = crew.task(rate_limit="2/m")
    crew.work(3)
    task.delay_many([(n,) for n in range(31)])
    crew.ran(1)
    changed = time.monotonic()
    info = crew.app.limits.set("note", "100/s")
    assert (info.name, info.limit, info.declared) == (
        "note/rate",
        RateLimit(100, per=1),
        RateLimit(2),
    )
    runs = crew.ran(31)
    assert runs[1].began - changed < 1
    assert runs[-1].began - runs[1].began < 2


def test_a_change_beats_the_code_until_it_is_reset(crew: Crew) -> None:
    crew.task(concurrency=5)
    crew.work()
    limits = crew.app.limits
    limits.set("note", 2)
    crew.work()  # publishes what the code says once more
    found = limits.get("note")
    assert (found.limit, found.declared, found.is_changed) == (
        Concurrency(2),
        Concurrency(5),
        True,
    )
    assert not limits.reset("note").is_changed
    assert limits.get("note/concurrency").limit == Concurrency(5)
    assert limits.reset("note").limit == Concurrency(5), "again changes nothing"


def test_a_changed_concurrency_holds_at_once(crew: Crew) -> None:
    task = crew.task(0.1, concurrency=1)
    crew.work(2)
    task.delay_many([(n,) for n in range(20)])
    crew.ran(2)
    crew.app.limits.set("note", 4)
    changed = time.monotonic()
    runs = crew.ran(20)
    later = [run for run in runs if run.began > changed]
    assert most_at_once(later) == 4
    assert runs[-1].ended - changed < 2


def test_one_key_is_changed_alone_and_until_it_is_reset(crew: Crew) -> None:
    task = crew.task(rate_limit=RateLimit(1, per=3600, key="{tenant}"))
    crew.work(2)
    task.delay_many([((tenant, n), tenant) for tenant in "ab" for n in range(6)])
    crew.ran(2)
    limits = crew.app.limits
    changed = limits.set("note", RateLimit(100, per=1), key="a")
    assert (changed.name, changed.key, changed.limit) == (
        "note/rate",
        "a",
        RateLimit(100, per=1, key="{tenant}"),
    )
    runs = crew.ran(7, timeout=5)
    assert sorted(run.what for run in runs) == [*(("a", n) for n in range(6)), ("b", 0)]
    assert [(one.key, one.is_changed) for one in limits.list()] == [(None, False), ("a", True)]
    assert limits.get("note").limit == limits.get("note", key="b").limit == changed.declared
    assert limits.get("note", key="a").limit == changed.limit
    assert limits.reset("note", key="a").limit == changed.declared
    assert [one.key for one in limits.list()] == [None]
    crew.task(name="other", concurrency=3)
    with pytest.raises(ConfigurationError, match="is one limit for all; it has no key 'a'"):
        limits.set("other", 2, key="a")


def test_what_the_code_says_no_more_is_not_published_any_more(make_crew: MakeCrew) -> None:
    before, after = make_crew(), make_crew()
    before.app.queue("default", weights={"a": 3}, priority_aging=60, concurrency=9)
    before.task(rate_limit="5/s", concurrency=5)
    before.task(name="elsewhere", rate_limit="7/s")
    before.work()
    key = after.app.keys("default").key("limits")

    def stored() -> dict[bytes, bytes]:
        return cast("dict[bytes, bytes]", after.server.admin.hgetall(key))

    wait_until(lambda: stored().keys() >= {b"weight a", b"elsewhere/rate"}, "it to be published")
    after.app.queue("default", weights={"b": 2})
    after.task(concurrency=5)
    after.work()
    named = {b"weight b", b"note/concurrency", b"elsewhere/rate", b"!weights"}
    wait_until(lambda: stored().keys() == named, "only what a code says: of `elsewhere` the first")
    assert stored()[b"!weights"] == b"1"


def test_limits_are_listed_by_name(crew: Crew) -> None:
    crew.app.limit("github", "60/m", queue="scrape")
    crew.app.queue("scrape", concurrency=9)
    crew.task(queue="scrape", rate_limit=["github", RateLimit(5, per=1, key="{what}")])
    listed = {one.name: one.limit for one in crew.app.limits.list()}
    assert listed == {
        "@queue/concurrency": Concurrency(9),
        "github": RateLimit(60),
        "note/rate": RateLimit(5, per=1, key="{what}"),
    }


def test_what_is_no_limit_is_refused_with_what_there_is(crew: Crew) -> None:
    crew.task(rate_limit="10/s", concurrency=3)
    limits = crew.app.limits
    with pytest.raises(ConfigurationError, match=r"no limit 'nte' here; did you mean 'note'"):
        limits.set("nte", "5/s")
    with pytest.raises(ConfigurationError, match=r"note/rate of queue 'default' is 10/s, not 5 at"):
        limits.set("note/rate", 5)
    with pytest.raises(ConfigurationError, match="'note' is several limits: note/concurrency"):
        limits.get("note")
    with pytest.raises(ValueError, match="at least 1"):
        limits.set("note", "0/s")
    assert limits.set("note", 5).name == "note/concurrency"


def test_the_async_twins_do_the_same(crew: Crew) -> None:
    crew.task(rate_limit="10/s")

    async def change() -> None:
        limits = crew.app.limits
        await limits.aset("note", "20/s")
        assert (await limits.aget("note")).limit == RateLimit(20, per=1)
        assert len(await limits.alist()) == 1
        assert (await limits.areset("note")).limit == RateLimit(10, per=1)
        await limits.aweigh("tenant-7", 3, queue="default")
        await limits.aweigh("tenant-7", None, queue="default")
        assert await crew.app.apause("default")
        assert not await crew.app.apause("default")
        assert [one.what for one in await crew.app.apaused()] == ["queue"]
        assert await crew.app.aresume("default")
        await crew.app.aclose()

    asyncio.run(change())


@pytest.mark.parametrize("lane", ["", "x"])
def test_a_paused_queue_starts_nothing_until_it_is_resumed(crew: Crew, lane: str) -> None:
    task = crew.task(0.3, lane=lane or None)
    crew.work()
    running = task.delay("running")
    wait_until(lambda: running.state is JobState.RUNNING, "it to run")
    assert crew.app.pause("default")
    assert not crew.app.pause("default"), "it was paused"
    waiting = task.delay("waiting")
    assert running.get(timeout=5) is None, "what runs finishes"
    time.sleep(0.3)
    assert waiting.state in {JobState.PARKED, JobState.WAITING}
    assert waiting.info().reason == "paused"
    crew.work()
    time.sleep(0.2)
    assert len(crew.runs) == 1, "workers that start later know of it"
    assert crew.app.resume("default")
    assert waiting.get(timeout=5) is None


def test_a_paused_task_is_alone_in_that(crew: Crew) -> None:
    one, two = crew.task(name="one"), crew.task(name="two")
    crew.work()
    crew.app.pause(task="one")
    held = one.delay("one")
    assert two.delay("two").get(timeout=5) is None
    time.sleep(0.1)
    assert (held.state, held.info().reason) == (JobState.PARKED, "paused")
    crew.app.resume(task="one")
    assert held.get(timeout=5) is None


def test_a_paused_lane_is_alone_in_that(crew: Crew) -> None:
    task = crew.task(lane="{tenant}")
    crew.work()
    crew.app.pause("default", lane="a")
    held = task.delay("one", "a")
    assert task.delay("two", "b").get(timeout=5) is None
    assert (held.state, held.info().reason) == (JobState.PARKED, "paused")
    assert [(one.what, one.name) for one in crew.app.paused()] == [("lane", "a")]
    crew.app.resume("default", lane="a")
    assert held.get(timeout=5) is None


def test_what_gets_too_old_while_paused_ends_as_expired(crew: Crew) -> None:
    task = crew.task(lane="{tenant}", expires=timedelta(seconds=0.2))
    crew.work()
    crew.app.pause("default", lane="a")
    held = task.delay("late", "a")
    time.sleep(0.4)
    crew.app.resume("default", lane="a")
    with pytest.raises(JobExpired):
        held.get(timeout=5)
    assert crew.runs == []


def test_what_to_pause_has_to_be_said(crew: Crew) -> None:
    with pytest.raises(ConfigurationError, match=r"what\? queue='mail'"):
        crew.app.pause()
    with pytest.raises(ConfigurationError, match="a task or a lane"):
        crew.app.pause(task="a", lane="b")
    with pytest.raises(ConfigurationError, match="no worker has published a task 'nobody'"):
        crew.app.pause(task="nobody")
