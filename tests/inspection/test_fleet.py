"""check: the way to the server, clocks, workers' releases, tasks that nobody knows."""

from __future__ import annotations

import json

from streamq import StreamQ, inspection, operations
from streamq.inspection import Finding, Level, Remark
from streamq.inspection.fleet import _of_clock, _of_latency
from tests.inspection.hand import Hand


def findings(app: StreamQ, subject: str) -> list[Finding]:
    return [one for one in inspection.server(app).findings if one.subject == subject]


def test_a_slow_way_and_a_clock_that_is_off_are_found() -> None:
    assert [one.level for one in _of_latency(0.2)] == [Level.WARNING]
    (remark,) = _of_latency(0.05)
    assert isinstance(remark, Remark)
    assert remark.level is Level.INFO
    assert remark.text.startswith("a round trip to the server takes 50 ms from here: each enqueue")
    assert list(_of_latency(0.001)) == list(_of_clock(-1.0)) == []
    assert next(_of_clock(60.0)).problem == "this machine's clock is 60 s ahead of the server's"
    assert "3600 s behind" in next(_of_clock(-3600.0)).problem


def register(app: StreamQ, name: str, release: str) -> None:
    info = json.dumps({"streamq": release})
    call = operations.register(
        app.keys("default"), worker=name, alive_ms=60_000, info=info, tasks={}
    )
    app.client.run(call)


def test_workers_of_two_releases_are_told(app: StreamQ, hand: Hand) -> None:
    register(app, "a", "1.0")
    assert findings(app, "workers") == []
    register(app, "b", "1.1")
    (found,) = findings(app, "workers")
    assert found.problem == "workers of streamq 1.0, 1.1 run side by side"


def test_tasks_that_nobody_knows_are_told(app: StreamQ) -> None:
    hand = Hand(app)
    hand.enrol(["shop.send"], knows=["shop.send"])
    (found,) = findings(app, "queue default")
    assert found.level is Level.WARNING
    assert found.problem.startswith("no worker of this queue knows task shop.add, which this app")
    app.tasks["shop.add"].delay(1)
    (job_id,) = hand.claim()
    hand.strand(job_id)
    problems = [one.problem for one in findings(app, "queue default")]
    assert problems[0].startswith("1 job is set aside: no worker of this queue knows the task")
    hand.enrol(["shop.add"], knows=["shop.add"])
    assert len(findings(app, "queue default")) == 1


def test_jobs_that_only_wait_their_turn_are_no_finding(app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].options(rate_limit="1/h").delay_many([(1,), (2,)])
    hand.claim(2)
    assert [one for one in inspection.server(app).findings if one.subject == "queue default"] == []
