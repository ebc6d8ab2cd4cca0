"""Where jobs are, page by page."""

from __future__ import annotations

import pytest

from streamq import StreamQ, inspection
from streamq.inspection import PENDING, Place
from streamq.job import JobState
from tests.inspection.hand import Hand
from tests.servers import Server


def test_the_overview_counts_each_place_of_each_queue(app: StreamQ, hand: Hand) -> None:
    add = app.tasks["shop.add"]
    jobs = add.delay_many([(n,) for n in range(6)])
    hand.claim(4)
    hand.succeed(jobs[0].id, 1)
    hand.fail(jobs[1].id, ValueError("no"))
    hand.again(jobs[2].id, ValueError("later"))
    app.send_task("shop.send", ("me",))
    mail, default = sorted(inspection.queues(app), key=lambda q: q.queue, reverse=True)
    assert (default.queue, mail.queue) == ("default", "mail")
    seen = (default.waiting, default.scheduled, default.parked, default.running, default.dead)
    assert seen == (2, 1, 0, 1, 1)
    assert default.pending == 4
    assert default.workers == 1
    assert default.oldest_seconds is not None
    assert default.oldest_seconds >= 0
    assert default.next_due_seconds is not None
    assert 50 < default.next_due_seconds <= 60
    assert default.counters["enqueued"] == 6
    assert default.counters["succeeded"] == 1
    assert (mail.waiting, mail.workers) == (1, 0)


@pytest.mark.parametrize("place", Place)
def test_pages_hold_every_job_of_a_place_once(app: StreamQ, hand: Hand, place: Place) -> None:
    add = app.tasks["shop.add"]
    ids = {
        job.id
        for job in add.options(countdown=60 if place == "scheduled" else 0).delay_many(
            [(n,) for n in range(25)]
        )
    }
    if place in {Place.RUNNING, Place.DEAD, Place.PARKED}:
        for job_id in hand.claim(25):
            if place is Place.DEAD:
                hand.fail(job_id, ValueError("no"))
            elif place is Place.PARKED:
                hand.strand(job_id)
    seen: list[str] = []
    cursor = ""
    while True:
        page = inspection.page(app, "default", place, cursor, 10)
        assert all(job.state == place.value for job in page)
        assert all(job.task == "shop.add" and len(job.args) == 1 for job in page)
        seen += [job.id for job in page]
        cursor = page.cursor
        if not cursor:
            break
    assert len(seen) == 25
    assert set(seen) == ids


def test_waiting_jobs_are_listed_in_the_order_in_which_they_go(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(5)])
    hand.claim(2)
    hand.release(jobs[0].id)  # keeps its place, before the others
    page = inspection.walk(app, ["default"], (Place.WAITING,))
    assert [job.args[0] for job in page] == [0, 2, 3, 4]
    assert page[0].reason == "released"


def test_a_walk_goes_over_queues_and_places_with_one_cursor(app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(7)])
    app.tasks["shop.add"].options(countdown=60).delay(9)
    for to in "abc":
        app.tasks["shop.send"].delay(to)
    hand.claim(2)
    seen: list[str] = []
    cursor = ""
    for _ in range(20):
        page = inspection.walk(app, ["default", "mail"], PENDING, cursor, 4)
        seen += [job.id for job in page]
        cursor = page.cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 11
    with pytest.raises(ValueError, match="no cursor of this list"):
        inspection.walk(app, ["default"], PENDING, "x/y/z", 4)


def test_a_damaged_job_is_told_apart_and_hides_no_other(
    app: StreamQ, hand: Hand, server: Server, request: pytest.FixtureRequest
) -> None:
    request.applymarker(pytest.mark.no_audit("broken on purpose"))
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(5)])
    key = hand.keys.key("jobs")
    whole = server.admin.hget(key, jobs[1].id)
    assert isinstance(whole, bytes)
    head = whole.partition(b"\n")[0]
    server.admin.hset(key, jobs[1].id, head + b"\n\xc1\xc1\xc1")  # no msgpack
    server.admin.hset(key, jobs[3].id, b"nonsense")
    page = inspection.page(app, "default", "waiting")
    assert [job.id for job in page] == [job.id for job in jobs]
    assert [bool(job.problem) for job in page] == [False, True, False, True, False]
    assert page[1].task == "shop.add"
    assert "arguments" in page[1].problem
    assert page[3].state is JobState.UNKNOWN
    assert [job.args for job in page if not job.problem] == [(0,), (2,), (4,)]


def test_ended_jobs_are_found_whether_or_not_their_result_was_kept(
    app: StreamQ, hand: Hand
) -> None:
    mail = Hand(app, "mail", "host-2-abcdef")
    mail.enrol(["shop.send"])
    kept = app.tasks["shop.add"].delay(1)
    unkept = app.tasks["shop.send"].delay("me")
    dead = app.tasks["shop.add"].delay(2)
    gone = app.tasks["shop.add"].delay(3)
    hand.claim(2)
    hand.succeed(kept.id, 5)
    mail.claim()
    mail.succeed(unkept.id, kept=False)
    hand.fail(dead.id, KeyError("k"))
    assert gone.cancel()
    page = inspection.ended(app, ["default", "mail"])
    states = {job.id: (job.task, str(job.state), job.reason) for job in page}
    assert states == {
        kept.id: ("shop.add", "succeeded", ""),
        unkept.id: ("shop.send", "succeeded", ""),
        dead.id: ("shop.add", "dead", "failed"),
        gone.id: ("shop.add", "cancelled", ""),
    }
    first = inspection.ended(app, ["default", "mail"], limit=3)
    rest = inspection.ended(app, ["default", "mail"], first.cursor, limit=3)
    assert [job.id for job in [*first, *rest]] == [job.id for job in page]
    assert rest.cursor == ""
    assert inspection.job(app, unkept.id).state is JobState.SUCCEEDED


async def _read(app: StreamQ) -> tuple[int, int, list[str]]:
    queues = await inspection.aqueues(app)
    page = await inspection.apage(app, "default", "waiting")
    workers = await inspection.aworkers(app)
    await app.aclose()
    return len(queues), len(page), [worker.name for worker in workers]


def test_async_code_reads_the_same(app: StreamQ, hand: Hand) -> None:
    import asyncio

    app.tasks["shop.add"].delay(1)
    assert asyncio.run(_read(app)) == (2, 1, [hand.name])
