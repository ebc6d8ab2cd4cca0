"""Each run of a job is told with its worker: also the one that ended it, result kept or not."""

from __future__ import annotations

from typing import Any

import pytest

from streamq import StreamQ, inspection, operations
from streamq.cli.inspect_job import job_text
from streamq.job import JobInfo
from tests.inspection.hand import Hand
from tests.servers import Server
from tests.waiting import wait_until

OTHER = "host-2-bbbbbb"


def runs(info: JobInfo) -> list[tuple[int, str, str]]:
    return [(one.number, one.how, one.worker) for one in info.attempts]


def test_a_job_that_succeeded_names_who_ran_it(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    hand.succeed(job.id, 2)
    info = inspection.job(app, job.id)
    assert (info.worker, runs(info)) == (hand.name, [(1, "succeeded", hand.name)])
    assert (info.attempts[0].run_seconds, info.attempts[0].started_at) == (1.2, info.started_at)
    assert (info.task, info.result) == ("shop.add", 2)
    shown = job_text(info, "").splitlines()
    assert f"worker     {hand.name}" in shown
    assert any(line.split()[:2] == ["1", "succeeded"] and hand.name in line for line in shown)


def test_each_run_of_a_job_names_its_own_worker(app: StreamQ, hand: Hand) -> None:
    other = Hand(app, name=OTHER)
    other.enrol()
    job = app.tasks["shop.add"].options(max_attempts=2).delay(1)
    hand.claim()
    hand.again(job.id, ValueError("no"), delay_ms=0)
    app.client.run(operations.promote(hand.keys, limit=1))
    hand.claim()
    hand.release(job.id, crashed=True)
    other.claim()
    other.succeed(job.id, 2)
    info = inspection.job(app, job.id)
    assert runs(info) == [
        (1, "retry", hand.name),
        (2, "crashed", hand.name),
        (2, "succeeded", OTHER),
    ]
    assert "ValueError: no" in job_text(info, ""), "the failed attempt's traceback stays"


def test_a_job_without_a_result_names_it_while_its_task_remembers_it(
    app: StreamQ, hand: Hand
) -> None:
    mail = Hand(app, "mail", hand.name)
    mail.enrol(["shop.send"])
    job = app.tasks["shop.send"].delay("ada")
    mail.claim()
    mail.succeed(job.id, kept=False)
    info = inspection.job(app, job.id)
    assert (info.worker, runs(info)) == (hand.name, [(1, "succeeded", hand.name)])
    assert "result " not in job_text(info, ""), "there is none to show"
    assert info.problem == ""


def test_a_result_past_its_time_is_not_shown_as_nothing(
    app: StreamQ, hand: Hand, server: Server
) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    hand.succeed(job.id, 2)
    for name in ("results", "results_expiry"):
        server.admin.delete(hand.keys.key(name))
    info = inspection.job(app, job.id)
    shown = job_text(info, "").splitlines()
    assert not [line for line in shown if line.startswith("result ")]
    assert "problem    result: it was kept until its time, and is gone" in shown
    assert runs(info) == [(1, "succeeded", hand.name)]


def test_a_job_cancelled_while_it_ran_names_who_ran_it(app: StreamQ, hand: Hand) -> None:
    ran, waits = (app.tasks["shop.add"].delay(n) for n in range(2))
    hand.claim()
    ran.cancel()
    waits.cancel()
    hand.release(ran.id)
    assert runs(inspection.job(app, ran.id)) == [(1, "cancelled", hand.name)]
    never = inspection.job(app, waits.id)
    assert (never.worker, never.attempts) == ("", ())


def test_a_job_that_expired_before_its_second_run_keeps_its_first(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].options(max_attempts=2, expires=0.05).delay(1)
    hand.claim()
    hand.again(job.id, ValueError("no"), delay_ms=60)
    wait_until(
        lambda: app.client.run(operations.promote(hand.keys, limit=1)).moved, "it is due again"
    )
    assert hand.claim() == []
    info = inspection.job(app, job.id)
    assert str(info.state) == "expired"
    assert runs(info) == [(1, "retry", hand.name)]


@pytest.mark.no_audit("written by hand")
def test_an_outcome_of_an_earlier_release_names_nobody(
    app: StreamQ, hand: Hand, server: Server
) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    hand.succeed(job.id, 2)
    key = hand.keys.key("results")
    text: Any = server.admin.hget(key, job.id)
    assert f" shop.add@{hand.name}\n".encode() in text
    server.admin.hset(key, job.id, text.replace(f"@{hand.name}".encode(), b""))
    info = inspection.job(app, job.id)
    assert (info.task, info.worker, info.attempts, info.result) == ("shop.add", "", (), 2)
