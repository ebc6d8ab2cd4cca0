"""Jobs by filter, within a budget; and the dead by what killed them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from streamq import StreamQ, inspection
from streamq.codec.summary import place_of, summary_of
from streamq.inspection import PENDING, JobFilter, Place
from tests.inspection.hand import Hand


def ids(app: StreamQ, wanted: JobFilter, *places: Place) -> list[str]:
    return [job.id for job in inspection.search(app, ["default", "mail"], places, wanted)]


def test_each_filter_lets_through_what_fits(app: StreamQ, hand: Hand) -> None:
    add = app.tasks["shop.add"]
    one, two = add.delay(7), add.options(tags=["night"]).delay(1, y=7)
    mail = app.send_task("shop.send", ("me",), queue="mail")
    later = add.options(countdown=60).delay(8)
    assert ids(app, JobFilter(task="shop.send"), *PENDING) == [mail.id]
    assert ids(app, JobFilter(tag="night"), *PENDING) == [two.id]
    assert ids(app, JobFilter(args={"y": "7"}), *PENDING) == [two.id]
    assert ids(app, JobFilter(args={"x": "7"}), *PENDING) == [one.id]
    assert ids(app, JobFilter(args={"to": "me"}), *PENDING) == [mail.id]
    assert ids(app, JobFilter(state="scheduled"), *PENDING) == [later.id]
    hour = timedelta(hours=1)
    assert len(ids(app, JobFilter(since=datetime.now(UTC) - hour), *PENDING)) == 4
    assert ids(app, JobFilter(until=datetime.now(UTC) - hour), *PENDING) == []
    assert ids(app, JobFilter(task="shop.add", state="waiting"), *PENDING) == [one.id, two.id]


def test_an_error_is_found_in_its_type_and_its_text(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(2)])
    hand.claim(2)
    hand.fail(jobs[0].id, KeyError("price"))
    hand.fail(jobs[1].id, ValueError("no stock"))
    assert ids(app, JobFilter(error="keyerror"), Place.DEAD) == [jobs[0].id]
    assert ids(app, JobFilter(error="NO STOCK"), Place.DEAD) == [jobs[1].id]


def test_ended_jobs_are_found_by_task_state_and_time(app: StreamQ, hand: Hand) -> None:
    done, gone = app.tasks["shop.add"].delay_many([(1,), (2,)])
    hand.claim(1)
    hand.succeed(done.id)
    gone.cancel()
    assert ids(app, JobFilter(state="cancelled")) == [gone.id]
    assert ids(app, JobFilter(task="shop.add", state="succeeded")) == [done.id]


def test_a_search_stops_at_its_budget_and_goes_on_from_there(app: StreamQ, hand: Hand) -> None:
    add = app.tasks["shop.add"]
    add.delay_many([(n % 100,) for n in range(900)])
    wanted, where = JobFilter(args={"x": "42"}), ["default"]
    first = inspection.search(app, where, PENDING, wanted, budget=400)
    assert (len(first), first.searched, first.total) == (4, 400, 900)
    rest = inspection.search(app, where, PENDING, wanted, cursor=first.cursor, budget=None)
    assert (len(rest), rest.searched, rest.cursor) == (5, 500, "")


def test_no_more_than_the_limit_are_told_and_none_twice(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(300)])
    wanted, seen, cursor = JobFilter(task="shop.add"), [], ""
    for _ in range(20):
        found = inspection.search(app, ["default"], PENDING, wanted, cursor=cursor, limit=40)
        assert len(found) <= 40
        seen += [job.id for job in found]
        cursor = found.cursor
        if not cursor:
            break
    assert seen == [job.id for job in jobs]
    with pytest.raises(ValueError, match="no cursor"):
        inspection.search(app, ["default"], PENDING, wanted, cursor="~what~")


def bad_deploy(kind: type[Exception], text: str) -> Exception:
    """With a traceback from this very file."""
    try:
        raise kind(text)  # noqa: TRY301 - for its traceback
    except Exception as error:
        return error


def test_one_bad_deploy_is_one_row(app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(6)])
    claimed = hand.claim(6)
    for n, job_id in enumerate(claimed[:4]):
        hand.fail(job_id, bad_deploy(KeyError, f"price of {n}"))
    hand.fail(claimed[4], bad_deploy(ValueError, "no stock"))
    hand.fail(claimed[5], bad_deploy(ValueError, "no\n\x1b[31mcolour"))
    first, second = found = inspection.dead_groups(app, ["default"])
    assert (found.searched, found.total) == (6, 6)
    assert (first.jobs, first.task, first.error) == (4, "shop.add", "KeyError")
    assert first.place.startswith("inspection/test_search.py:")
    assert first.place.endswith(" in bad_deploy")
    assert first.newest in claimed[:4]
    assert (second.jobs, second.error) == (2, "ValueError")
    [some] = inspection.dead_groups(app, ["default"], 1)
    assert some.jobs == 1


def test_a_poisoned_job_has_a_row_of_its_own(app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].options(max_crashes=1).delay(1)
    [job_id] = hand.claim()
    hand.release(job_id, crashed=True)
    [group] = inspection.dead_groups(app, ["default"])
    assert (group.error, group.place, group.message) == ("poison", "", "")


def test_the_place_is_the_users_own_code() -> None:
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/app/shop/old.py", line 1, in first\n'
        "KeyError\n\nDuring handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/app/shop/tasks.py", line 12, in send\n    smtp.go()\n'
        '  File "/venv/lib/python3.11/site-packages/smtp/core.py", line 9, in go\n'
        "ValueError: no\n"
    )
    assert place_of(trace) == "shop/tasks.py:12 in send"
    only_others = trace.replace("/app/shop", "/usr/lib/python3.11")
    assert place_of(only_others) == "smtp/core.py:9 in go"
    assert place_of("nothing") == ""
    assert summary_of(b"what?") is None
