"""Why a job is not running: what holds it back, behind whom, and about how long."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from streamq import StreamQ, Unique, inspection, operations
from streamq.inspection import Reason
from tests.inspection.hand import Hand
from tests.servers import Server


@pytest.fixture
def app(server: Server) -> Iterator[StreamQ]:
    app = StreamQ("shop", broker=server.url)

    @app.task(name="shop.send", rate_limit="10/m")
    def send(to: str) -> None: ...

    @app.task(name="shop.scrape", concurrency=1)
    def scrape(url: str) -> None: ...

    @app.task(name="shop.sync", lane="{tenant}", ordered=True)
    def sync(tenant: str) -> None: ...

    @app.task(name="shop.report", unique=Unique(on_conflict="queue_one"))
    def report() -> None: ...

    @app.task(name="shop.add")
    def add(x: int) -> int:
        return x

    yield app
    app.close()


@pytest.fixture
def hand(app: StreamQ) -> Hand:
    hand = Hand(app)
    hand.enrol(app.tasks)
    return hand


def reasons(app: StreamQ, job_id: str) -> dict[str, Reason]:
    return {one.kind: one for one in inspection.reasons(app, inspection.job(app, job_id))}


def test_a_rate_limit_says_the_place_and_about_when(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.send"].delay_many([(f"{n}@x",) for n in range(4)])
    assert hand.claim(4) == [jobs[0].id]
    found = reasons(app, jobs[3].id)
    assert found["place"].text == "number 3 in line"
    assert found["rate limit"].seconds == pytest.approx(18, abs=3)  # one each 6 s
    assert found["rate limit"].text.startswith("waits for rate limit shop.send/rate (10")
    assert ": starts in about 1" in found["rate limit"].text


def test_a_limit_of_concurrency_names_who_has_it(app: StreamQ, hand: Hand) -> None:
    first, *_, last = app.tasks["shop.scrape"].delay_many([(f"{n}",) for n in range(3)])
    assert hand.claim(3) == [first.id]
    found = reasons(app, last.id)
    assert found["concurrency"].jobs == (first.id,)
    assert f"as many run as may, {first.id} among them" in found["concurrency"].text
    assert found["place"].text == "number 2 in line"
    assert found["concurrency"].seconds is None, "nobody knows how long they take"


def test_once_its_task_is_known_a_limit_says_about_when(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.scrape"].delay_many([(f"{n}",) for n in range(8)])
    for job in jobs[:5]:
        hand.claim(1)
        hand.succeed(job.id)  # 1.2 s each
    hand.claim(2)
    assert reasons(app, jobs[-1].id)["concurrency"].seconds == pytest.approx(2.4)


def test_an_ordered_lane_names_the_job_that_holds_it(app: StreamQ, hand: Hand) -> None:
    first, second = app.tasks["shop.sync"].delay_many([("a",), ("a",)])
    assert hand.claim(2) == [first.id]
    lane = reasons(app, second.id)["lane"]
    assert lane.jobs == (first.id,)
    assert lane.text.endswith(f"runs one job at a time and is held by job {first.id}")


def test_a_unique_key_names_the_job_that_has_it(app: StreamQ, hand: Hand) -> None:
    first = app.tasks["shop.report"].delay()
    hand.claim()
    second = app.tasks["shop.report"].delay()
    found = reasons(app, second.id)["unique"]
    assert (found.jobs, found.text) == (
        (first.id,),
        f"waits for job {first.id}, which has its unique key",
    )


def test_a_pause_says_by_whom_since_when_and_how_it_ends(app: StreamQ, hand: Hand) -> None:
    plain = app.tasks["shop.add"].delay(1)
    held, other = app.tasks["shop.send"].delay_many([("me",), ("you",)])
    app.pause("default")
    hand.claim(3)
    for job in (plain, held, other):
        said = reasons(app, job.id)["paused"].text
        assert said.startswith("queue 'default' is paused by ")
        assert "@" in said
        assert said.endswith(" UTC: streamq queue resume default")
    app.resume("default")
    app.pause(task="shop.send")
    hand.claim(1)
    said = reasons(app, other.id)["paused"].text
    assert said.startswith("task 'shop.send' is paused by ")
    assert said.endswith("streamq queue resume default --task shop.send")
    assert "paused" not in reasons(app, plain.id)


def test_a_task_that_no_living_worker_knows(app: StreamQ) -> None:
    job = app.tasks["shop.add"].delay(1)
    assert "no worker" in reasons(app, job.id)
    old, new = Hand(app, name="old-1-aaaaaa"), Hand(app, name="new-1-bbbbbb")
    old.enrol(["shop.add"], knows=["shop.add"], alive_ms=1)
    new.enrol([], knows=["shop.adds", "shop.send"])
    time.sleep(0.01)
    text = "no worker that serves queue 'default' knows task 'shop.add'; the nearest known is "
    assert reasons(app, job.id)["unknown task"].text == text + "'shop.adds'"
    old.enrol(["shop.add"], knows=["shop.add"])
    assert not {"unknown task", "no worker"} & reasons(app, job.id).keys()


def test_a_run_far_beyond_the_usual_time_is_told_apart(app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(6)])
    for job in jobs[:5]:
        hand.claim(1)
        hand.succeed(job.id)
    hand.claim(1)
    found = reasons(app, jobs[5].id)
    assert found["usual"].text == "its task takes 1.2 s as a rule, at most 1.2 s in its last 5 runs"
    state = hand.keys.key("state")
    text = app.client.command("HGET", state, jobs[5].id, key=state).decode().split(" ")
    text[5] = str(int(text[5]) - 600_000)  # since ten minutes
    app.client.command("HSET", state, jobs[5].id, " ".join(text), key=state)
    found = reasons(app, jobs[5].id)
    assert "(for 10 min 0 s) on host-1-abcdef" in found["running"].text
    assert found["slow"].text.startswith("far beyond its usual time: 1.2 s as a rule")


def test_a_run_whose_worker_is_gone_says_so(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    assert "lost worker" not in reasons(app, job.id)
    hand.enrol(alive_ms=1)
    time.sleep(0.01)
    assert "taken back when its lease has run out" in reasons(app, job.id)["lost worker"].text


def test_attempts_are_told_one_by_one(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].options(max_attempts=3).delay(1)
    hand.claim()
    hand.again(job.id, ValueError("first"), delay_ms=-1)
    app.client.run(operations.promote(hand.keys, limit=1))
    hand.claim()
    hand.release(job.id, crashed=True)
    hand.claim()
    hand.fail(job.id, KeyError("last"))
    found = inspection.job(app, job.id).attempts
    assert [(one.number, one.how, one.worker) for one in found] == [
        (1, "retry", hand.name),
        (2, "crashed", hand.name),
        (2, "failed", hand.name),
    ]
    assert [str(one.error) for one in found] == ["first", "None", "'last'"]
    assert "ValueError: first" in found[0].traceback
    assert all(one.started_at is not None and 0 <= one.run_seconds < 60 for one in found)


def test_reasons_of_an_id_are_refused_with_what_to_give(app: StreamQ) -> None:
    with pytest.raises(TypeError, match=r"give the JobInfo, as inspection\.job\(app, id\) does"):
        inspection.reasons(app, "an id")  # type: ignore[arg-type]
