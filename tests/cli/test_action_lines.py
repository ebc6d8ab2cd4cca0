"""Every command and function that acts leaves one line in the log: who, what, how many."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamq import StreamQ
from streamq.asking import ask
from streamq.limit_texts import settings_of
from streamq.limits_published import publish_question
from tests.cli.conftest import Cli
from tests.inspection.hand import Hand
from tests.servers import Server

MADE = ("create schedule", 1)
SHOP = """\
from streamq import StreamQ

app = StreamQ("shop", broker={url!r})


@app.task(name="shop.add", rate_limit="10/m", lane="{{x}}")
def add(x: int) -> int:
    return x


@app.cron("0 3 * * *", name="nightly", args=(1,))
@app.task(name="shop.report")
def report(x: int) -> None: ...
"""


@pytest.fixture
def app(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamQ]:
    """What the file has, for the tests themselves."""
    monkeypatch.setenv("STREAMQ_LOG_FORMAT", "json")
    Path("shop.py").write_text(SHOP.format(url=server.url))
    app = StreamQ("shop", broker=server.url)
    app.task(name="shop.add", rate_limit="10/m", lane="{x}")(lambda x: x)
    yield app
    app.close()


@pytest.fixture
def hand(app: StreamQ) -> Hand:
    hand = Hand(app)
    hand.enrol(["shop.add"])
    ask(app, publish_question(app.keys("default"), settings_of(app.runtime, "default")))
    return hand


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """The facts of the lines since the last look."""
    caplog.set_level(logging.INFO, "streamq.control")

    def taken() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            vars(record)["job"] for record in caplog.records if record.name == "streamq.control"
        ]
        caplog.clear()
        return found

    return taken


def test_each_acting_command_is_one_line(
    cli: Cli, app: StreamQ, hand: Hand, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    dead, waits, ran = (app.tasks["shop.add"].delay(n).id for n in range(3))
    hand.claim()
    hand.fail(dead, ValueError("no"))
    hand.claim()
    for words, action, done in [
        (["limit", "set", "shop.add", "20/m"], "set limit", 1),
        (["limit", "set", "shop.add", "20/m"], "set limit", 0),
        (["limit", "set", "shop.add", "5/m", "--key", "7"], None, 0),  # refused: it has no key
        (["limit", "reset", "shop.add"], "reset limit", 1),
        (["limit", "weigh", "7", "3", "-q", "default"], "weigh lane", 1),
        (["limit", "weigh", "7", "reset", "-q", "default"], "weigh lane", 1),
        (["limit", "list"], None, 0),
        (["schedule", "create", "hourly", "shop.add", "--every", "1h", "--args", "[1]"], *MADE),
        (["schedule", "update", "hourly", "--every", "2h"], "update schedule", 1),
        (["schedule", "pause", "hourly"], "pause schedule", 1),
        (["schedule", "pause", "hourly"], "pause schedule", 0),
        (["schedule", "resume", "hourly"], "resume schedule", 1),
        (["schedule", "trigger", "hourly"], "trigger schedule", 1),
        (["schedule", "delete", "hourly"], "delete schedule", 1),
        (["schedule", "list"], None, 0),
        (["queue", "pause", "default"], "pause", 1),
        (["queue", "pause", "default", "--lane", "7"], "pause", 1),
        (["queue", "resume", "default"], "resume", 1),
        (["worker", "quiet", hand.name], "quiet worker", 1),
        (["worker", "resume", hand.name], "resume worker", 1),
        (["worker", "stop", hand.name], "stop worker", 1),
        (["job", "cancel", ran, waits], "cancel", 2),
        (["dead", "retry", dead], "retry dead", 1),
        (["cancel", "--task", "shop.add", "--yes"], "cancel", 2),
        (["job", "delete", waits], "delete", 1),
        (["job", "retry", dead], "retry dead", 0),
        (["dead", "delete", dead], "delete dead", 0),
        (["queue", "purge", "default", "--yes"], "purge", 0),
        (["queue", "drain", "default", "--timeout", "0"], "drain", 0),
    ]:
        answer = cli("-A", "shop", *words)
        found = lines()
        assert [(one["action"], one["done"]) for one in found] == (
            [(action, done)] if action else []
        ), (words, answer)
        assert all("@" in one["by"] for one in found)


def test_each_acting_function_of_an_application_is_one_line(
    app: StreamQ, hand: Hand, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    assert hand.name
    app.limits.set("shop.add", "20/m")
    app.limits.reset("shop.add")
    app.limits.weigh("7", 2, queue="default")
    app.schedules.create("hourly", "shop.add", every=3600, args=(1,))
    app.schedules.pause("hourly")
    job = app.schedules.trigger("hourly")
    job.cancel()
    app.schedules.delete("hourly")
    said = lines()
    assert [one["action"] for one in said] == [
        *("set limit", "reset limit", "weigh lane", "create schedule", "pause schedule"),
        *("trigger schedule", "cancel", "delete schedule"),
    ]
    keys = ("limit", "queue", "to")
    assert [said[0][key] for key in keys] == ["shop.add/rate", "default", "20/m"]
    assert (said[2]["lane"], said[2]["to"]) == ("7", "2")
    assert (said[3]["schedule"], said[3]["timing"]) == ("shop/hourly", "every 1:00:00")
    assert (said[5]["job_id"], said[6]["job_id"]) == (job.id, job.id)

    async def again() -> None:
        await app.limits.aset("shop.add", "30/m")
        await app.schedules.acreate("daily", "shop.add", every=86400, args=(1,))
        await app.schedules.adelete("daily")
        await app.client.aclose()

    asyncio.run(again())
    assert [one["action"] for one in lines()] == ["set limit", *MADE[:1], "delete schedule"]


def test_a_line_on_stderr_is_json_where_that_is_asked_for(app: StreamQ, hand: Hand) -> None:
    assert hand.name
    words = ["-A", "shop", "limit", "set", "shop.add", "20/m"]
    ran = subprocess.run(
        [sys.executable, "-m", "streamq", *words], capture_output=True, text=True, check=True
    )
    (line,) = ran.stderr.splitlines()
    said = json.loads(line)
    assert (said["action"], said["limit"], said["done"]) == ("set limit", "shop.add/rate", 1)
