"""Acting on many jobs, on queues: counted, in bounded steps, safe to repeat, and logged."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from itertools import pairwise
from types import ModuleType

import pytest

from streamq import StreamQ, control, inspection
from streamq.control import Answer
from tests.inspection.hand import Hand


def test_dead_jobs_are_found_by_their_error_and_no_more_than_asked(
    app: StreamQ, hand: Hand
) -> None:
    ids = hand.bury(KeyError("price"), ValueError("stock"), KeyError("name"))
    assert sorted(control.find_dead(app, error="keyerror")) == sorted([ids[0], ids[2]])
    assert control.find_dead(app, error="stock") == [ids[1]]
    assert len(control.find_dead(app, limit=2)) == 2
    assert control.find_dead(app, error="nobody") == []


def test_a_rate_lets_dead_jobs_run_again_a_few_at_a_time(app: StreamQ, hand: Hand) -> None:
    ids = hand.bury(*(ValueError(str(n)) for n in range(6)))
    told: list[int] = []
    began = time.monotonic()
    answers = control.dead_retry(app, ids, told.append, 20.0)
    assert list(answers.values()) == [Answer.DONE] * 6
    assert told == [6], "all fit into the first second"
    told.clear()
    hand.claim(6)
    for job_id in ids:
        hand.fail(job_id, ValueError("again"))
    began = time.monotonic()

    async def again() -> None:
        await control.adead_retry(app, ids, told.append, 10 / 3)
        await app.client.aclose()

    asyncio.run(again())
    assert told == [3, 6]
    assert time.monotonic() - began >= 0.9


def test_each_action_is_a_line_in_the_log_with_who_did_it(
    app: StreamQ, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streamq.control")
    ids = hand.bury(ValueError("no"), ValueError("no"))
    control.dead_retry(app, ids[:1])
    control.dead_delete(app, ids)
    app.pause("default")
    app.resume("default")
    control.purge(app, "default")
    job = app.tasks["shop.add"].delay(1)
    control.cancel(app, [job.id])
    control.delete(app, [job.id])
    said = [getattr(record, "job", {}) for record in caplog.records]
    actions = ["retry dead", "delete dead", "pause", "resume", "purge", "cancel", "delete"]
    assert [one["action"] for one in said] == actions
    assert [one["done"] for one in said] == [1, 1, 1, 1, 1, 1, 1]
    assert all("@" in one["by"] for one in said)
    assert "retry dead: 1 done by " in caplog.text


@pytest.mark.parametrize("module", [inspection, control])
def test_each_function_has_an_async_twin(module: ModuleType) -> None:
    functions = {one for one in module.__all__ if inspect.isfunction(getattr(module, one))}
    helpers = {"nothing_runs", "refuse_asleep", "too_old"}  # ask nobody
    twins = {one for one in functions if inspect.iscoroutinefunction(getattr(module, one))}
    assert twins == {f"a{one}" for one in functions - twins - helpers}


def test_purge_takes_back_all_that_has_not_started(app: StreamQ, hand: Hand) -> None:
    add = app.tasks["shop.add"]
    running = add.delay(0)
    hand.claim()
    stranded = app.send_task("shop.nobody")
    hand.claim()
    hand.strand(stranded.id)
    add.delay_many([(n,) for n in range(450)])
    add.options(countdown=60).delay(1)
    [dead] = bury_one(app, hand)
    told: list[int] = []
    assert control.purge(app, "default", told.append) == 451
    assert told[-1] == 451
    assert all(after - before <= 200 for before, after in pairwise(told))
    info = inspection.counts(app, "default")
    assert (info.waiting, info.scheduled, info.parked, info.running, info.dead) == (0, 0, 0, 1, 1)
    assert control.purge(app, "default") == 0
    assert {running.state.value, app.result(dead).state.value} == {"running", "dead"}


def bury_one(app: StreamQ, hand: Hand) -> list[str]:
    """The first that waits."""
    [job_id] = hand.claim()
    hand.fail(job_id, ValueError("no"))
    return [job_id]


def test_drain_waits_until_a_queue_is_empty_and_says_why_it_can_not(
    app: StreamQ, hand: Hand
) -> None:
    assert control.drain(app, "default") == control.Drained(0, 0)
    app.tasks["shop.add"].options(countdown=60).delay(1)
    assert control.drain(app, "default").left == 0, "what is for later is not waited for"
    app.tasks["shop.add"].delay(1)
    assert control.drain(app, "default", 0.0).why == "0 s have passed"
    app.pause("default")
    assert control.drain(app, "default").why.startswith("the queue is paused: streamq queue resume")
    app.resume("default")

    async def while_it_runs_out() -> control.Drained:
        draining = asyncio.ensure_future(control.adrain(app, "default", 30.0))
        await asyncio.sleep(0.1)
        [job_id] = await asyncio.to_thread(hand.claim)
        await asyncio.to_thread(hand.succeed, job_id)
        drained = await draining
        await app.client.aclose()
        return drained

    assert asyncio.run(while_it_runs_out()) == control.Drained(1, 0)
    app.tasks["shop.add"].delay(1)
    hand.enrol(alive_ms=1)
    time.sleep(0.01)
    assert control.drain(app, "default").why == "no worker serves queue 'default'"


def test_delete_takes_what_is_over_and_leaves_the_rest(app: StreamQ, hand: Hand) -> None:
    [dead] = hand.bury(ValueError("no"))
    done, waiting = app.tasks["shop.add"].delay_many([(1,), (2,)])
    hand.claim()
    hand.succeed(done.id, 1)
    assert control.delete(app, [dead, done.id, waiting.id]) == {
        dead: Answer.DONE,
        done.id: Answer.DONE,
        waiting.id: Answer.ENDED,
    }
    assert list(control.delete(app, [dead, done.id]).values()) == [Answer.ENDED] * 2
    assert waiting.state.value == "waiting"
