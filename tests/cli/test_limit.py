"""`streamq limit`, `streamq queue`, and what `streamq inspect` says of parked jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamq import Concurrency, RateLimit, StreamQ
from streamq.asking import ask
from streamq.limit_texts import settings_of
from streamq.limits_published import publish_question
from tests.cli.conftest import Cli
from tests.inspection.hand import Hand
from tests.servers import Server


@pytest.fixture
def app(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamQ]:
    monkeypatch.setenv("STREAMQ_BROKER_URL", server.url)
    app = StreamQ("shop", broker=server.url)

    @app.task(name="send", rate_limit=RateLimit(2, per=60, key="{to}"), lane="{to}")
    def send(to: str) -> None: ...

    @app.task(name="print", concurrency=Concurrency(1))
    def print_label(order: int) -> None: ...

    @app.task(name="plain")
    def plain() -> None: ...

    yield app
    app.close()


@pytest.fixture
def hand(app: StreamQ) -> Hand:
    """A worker's hands; what it publishes is published."""
    hand = Hand(app)
    hand.enrol(["send", "print", "plain"])
    ask(app, publish_question(app.keys("default"), settings_of(app.runtime, "default")))
    return hand


def test_limits_are_listed(cli: Cli, hand: Hand) -> None:
    answer = cli("limit", "list")
    assert answer.code == 0
    rows = [line.split() for line in answer.out.splitlines()]
    assert rows == [
        ["LIMIT", "QUEUE", "NOW", "CODE"],
        ["print/concurrency", "default", "1", "at", "once", "1", "at", "once"],
        ["send/rate", "default", "2/m", "2/m"],
    ]
    first = cli("limit", "list", "--json").document["limits"][0]
    assert first["name"] == "print/concurrency"
    assert first["limit"] == {"text": "1 at once", "limit": 1, "key": None}
    assert first["is_changed"] is False


def test_a_limit_is_changed_and_reset(cli: Cli, hand: Hand) -> None:
    assert cli("limit", "set", "send", "90/h").out == "send/rate of queue default: 90/h\n"
    assert "90/h (changed)" in cli("limit", "list").out
    assert hand.app.limits.get("send").limit == RateLimit(90, per=3600, key="{to}")
    assert cli("limit", "set", "print", "4", "-q", "default").code == 0
    answer = cli("limit", "reset", "send")
    assert answer.out == "send/rate of queue default: 2/m, as the code says\n"
    assert cli("limit", "reset", "print/concurrency", "--json").document["limit"]["queue"] == (
        "default"
    )


def test_a_lane_is_weighed(cli: Cli, hand: Hand) -> None:
    assert cli("limit", "weigh", "big", "3").out == "lane big of queue default: weight 3\n"
    assert (
        cli("limit", "weigh", "big", "reset").out == "lane big of queue default: as the code says\n"
    )
    assert hand.app.limits.list() == hand.app.limits.list("default")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["set", "sned", "5/m"], 1, "no limit 'sned' here; did you mean 'send'"),
        (["set", "send", "5"], 1, "send/rate of queue 'default' is 2/m, not 5 at once"),
        (["set", "send", "0/m"], 2, "at least 1"),
        (["set", "send", "10m"], 2, "limit='10m': write '10/s'"),
        (["set", "send", "5/m", "--key", ""], 1, "key='': give one key"),
        (["set", "send", "5/m", "--key", "{to}"], 1, "as in 'user:7'"),
        (["weigh", "big", "3", "-q", "mial"], 1, "no queue 'mial' was ever used here"),
        (["set", "send"], 2, "write streamq limit set NAME 20/m"),
        (["weigh", "big", "much"], 2, "'much': write a weight, 0.001 to 1000; or reset"),
        (["weigh", "big", "0"], 2, "weights['big']: must be 0.001 to 1000"),
        (["reset"], 2, "write streamq limit reset NAME"),
        (["list", "-q", "a,b"], 2, "one queue at a time"),
    ],
)
def test_mistakes_are_answered_with_what_to_do(
    cli: Cli, hand: Hand, words: list[str], code: int, said: str
) -> None:
    cli("limit", *words).failed(code, said)


def test_a_limit_of_one_key_is_changed_and_reset(cli: Cli, hand: Hand) -> None:
    said = cli("limit", "set", "send", "90/h", "--key", "ada").out
    assert said == "send/rate of queue default, key ada: 90/h\n"
    rows = [line.split() for line in cli("limit", "list").out.splitlines()]
    assert ["send/rate,", "key", "ada", "default", "90/h", "(changed)", "2/m"] in rows
    assert ["send/rate", "ada", "default", "0", "90/h", "0", "now"] in [
        line.split() for line in cli("inspect", "limits").out.splitlines()
    ]
    assert cli("limit", "reset", "send", "-k", "ada").out == (
        "send/rate of queue default, key ada: 2/m, as the code says\n"
    )
    assert "ada" not in cli("limit", "list").out
    cli("limit", "list", "--key", "ada").failed(2, "--key goes with set and reset")


def test_a_limit_of_one_call_is_shown_while_it_is_in_use(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    app.tasks["plain"].options(concurrency=1).delay_many([(), ()])
    assert len(hand.claim(5)) == 1
    rows = [line.split() for line in cli("inspect", "limits").out.splitlines()]
    [own] = [row for row in rows if row[0].startswith("plain/call-")]
    assert " ".join(own[1:]) == "default 1 1 at once 1 when one ends"


def test_a_server_without_limits_says_so(cli: Cli, server: Server, app: StreamQ) -> None:
    assert cli("limit", "list").out == "No limit is declared or published here.\n"
    assert cli("inspect", "limits").out == "No limit is declared or published here.\n"


def test_a_queue_a_task_and_a_lane_are_paused_and_resumed(cli: Cli, hand: Hand) -> None:
    assert cli("queue", "pause", "default").out == "queue default paused\n"
    assert cli("queue", "pause", "default").out == "queue default is paused already\n"
    pause = cli("queue", "pause", "default", "--task", "send", "--json")
    assert pause.document["changed"] == ["default"]
    assert cli("queue", "pause", "default", "--lane", "ada").out.startswith("lane ada of queue")
    shown = cli("inspect", "limits").out.splitlines()[-3:]
    assert [line.rpartition(",")[0] for line in shown] == [
        "Paused: queue default",
        "Paused: lane ada of queue default",
        "Paused: task send of queue default",
    ]
    assert cli("queue", "resume", "default", "--lane", "ada").out.endswith("default resumed\n")
    assert cli("queue", "resume", "default").out == "queue default resumed\n"
    assert cli("queue", "resume", "default").out == "queue default was not paused\n"


def test_bad_pauses_are_refused(cli: Cli, hand: Hand) -> None:
    cli("queue", "pause", "default", "--task", "a", "--lane", "b").failed(78, "a task or a lane")
    cli("queue", "pause", "default", "--lane", "{to}").failed(2, "not the template")


def test_limits_are_shown_with_what_is_used_and_what_waits(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    app.tasks["send"].delay_many([("ada",), ("ada",), ("bob",)])
    app.tasks["print"].delay_many([(n,) for n in range(3)])
    assert len(hand.claim(10)) == 3
    rows = [line.split() for line in cli("inspect", "limits").out.splitlines()]
    assert rows[0] == ["LIMIT", "KEY", "QUEUE", "USED", "OF", "WAITING", "NEXT", "FREE"]
    assert rows[1][:6] == ["print/concurrency", "default", "1", "1", "at", "once"]
    assert rows[1][6:] == ["2", "when", "one", "ends"]
    assert rows[2][:6] == ["send/rate", "ada", "default", "1", "2/m", "1"]
    assert rows[2][6] == "in"
    shown = cli("inspect", "limits", "--json", "-q", "default").document["limits"]
    by_key = {(one["name"], one["key"]): one for one in shown}
    ada = by_key["send/rate", "ada"]
    assert (ada["used"], ada["waiting"]) == (1, 1)
    assert 25 < ada["next_free_seconds"] <= 30
    assert by_key["print/concurrency", ""]["next_free_seconds"] is None


def test_a_parked_job_says_what_it_waits_for_and_its_place(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    sends = app.tasks["send"].delay_many([("ada",)] * 3)
    prints = app.tasks["print"].delay_many([(n,) for n in range(3)])
    hand.claim(10)

    def why(job_id: str) -> str:
        document = cli("inspect", "job", job_id, "--json").document
        return f"{document['job']['state']} ({document['job']['reason']}): {document['why']}"

    assert why(sends[2].id).startswith(
        "parked (rate limit): waits for rate limit send/rate for 'ada' (2/m): starts in about "
    )
    assert why(sends[2].id).endswith("; number 2 in line")
    assert why(prints[1].id) == (
        "parked (concurrency): waits for limit print/concurrency (1 at once): as many run as may, "
        f"{prints[0].id} among them; next in line"
    )
    app.pause("default", lane="bob")
    held = app.tasks["send"].delay("bob")
    hand.claim(10)
    said = why(held.id)
    assert said.startswith("parked (paused): lane 'bob' is paused by ")
    assert said.endswith(": streamq queue resume default --lane bob; next in line")
    app.pause("default")
    assert "queue 'default' is paused by " in why(held.id)


def test_parked_jobs_are_listed_page_by_page(cli: Cli, app: StreamQ, hand: Hand) -> None:
    ids = {job.id for job in app.tasks["print"].delay_many([(n,) for n in range(5)])}
    app.send_task("unknown")
    hand.claim(1)
    hand.claim(1)
    found: list[str] = []
    cursor = ""
    while True:
        page = cli("inspect", "parked", "--json", "--limit", "2", "--cursor", cursor).document
        found += [job["id"] for job in page["jobs"]]
        assert {job["reason"] for job in page["jobs"]} <= {"concurrency", "lane"}
        cursor = page["cursor"]
        if not cursor:
            break
    assert len(found) == len(set(found)) == 4
    assert set(found) < ids
    assert cli("inspect", "queues", "--json").document["queues"][0]["parked"] == 4


def test_a_worker_does_not_start_where_a_limit_is_not_declared(cli: Cli, app: StreamQ) -> None:
    Path("lost.py").write_text(
        "from streamq import StreamQ\n"
        "app = StreamQ('lost')\n"
        "@app.task(rate_limit='github')\n"
        "def pull(): ...\n"
    )
    cli("-A", "lost", "worker").failed(78, "no limit 'github' is declared", "app.limit('github'")
