"""`streamq schedule` and `streamq inspect schedules`: what people see and may do."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from streamq import StreamQ, operations
from streamq.asking import ask
from streamq.schedules.texts import declaration
from tests.servers import Server

APP = """
from datetime import timedelta
from streamq import StreamQ
app = StreamQ("shop", broker={url!r})

@app.cron("0 3 * * *", tz="Europe/Oslo", name="nightly")
@app.task(name="report")
def report(day: int = 0) -> int:
    return day
"""


@pytest.fixture
def shop(server: Server, tmp_path: Path) -> Path:
    """An application in a file, its schedule declared as a worker does."""
    file = tmp_path / "shop_app.py"
    file.write_text(APP.format(url=server.url))
    app = StreamQ("shop", broker=server.url)
    app.cron("0 3 * * *", tz="Europe/Oslo", name="nightly")(app.task(name="report")(report))
    _declare(app)
    app.runtime.close()
    return file


def report(day: int = 0) -> int:
    return day


def _declare(app: StreamQ) -> None:
    told = [
        declaration("shop", one, "default", app.codec, None)
        for one in app.schedules.declared.values()
    ]
    ask(app, app.runtime.desk.schedules.announce("default"))
    app.client.run(operations.declare(app.keys("default"), declarations=told))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    from streamq.cli.root import run as run_command

    code = run_command(list(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def document(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out, err = run(capsys, *words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_life_of_schedules(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = ("-A", str(shop))
    made = run(
        capsys, *app, "schedule", "create", "often", "report", "--every", "5m", "--args", "[7]"
    )
    assert made[0] == 0, made
    assert made[1].startswith("often: every 0:05:00, next 2")
    code, out, _ = run(capsys, *app, "inspect", "schedules")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:4] == ["SCHEDULE", "TASK", "QUEUE", "WHEN"]
    assert "cron 0 3 * * * (Europe/Oslo)" in lines[1]
    assert "every 0:05:00" in lines[2]
    assert run(capsys, *app, "schedule", "pause", "often", "nightly")[1] == (
        "often: paused\nnightly: paused\n"
    )
    assert run(capsys, *app, "schedule", "resume", "nightly")[1] == "nightly: goes on\n"
    assert run(capsys, *app, "schedule", "resume", "nightly")[1] == "nightly: goes on already\n"
    updated = document(capsys, *app, "schedule", "update", "often", "--cron", "*/5 * * * *")
    assert updated["schedules"]["often"]["cron"] == "*/5 * * * *"
    assert updated["schedules"]["often"]["args"] == [7]
    fired = document(capsys, *app, "schedule", "trigger", "often")["schedules"]["often"]
    seen = document(capsys, "--broker", _url(shop), "inspect", "schedules", "often")["schedules"]
    assert [one["runs"][0]["id"] for one in seen] == [fired]
    code, out, _ = run(capsys, *app, "inspect", "schedules", "often")
    assert f"{fired}  waiting" in out or f"{fired}  scheduled" in out
    assert "paused" in out
    assert run(capsys, *app, "schedule", "delete", "often")[1] == "often: deleted\n"
    listed = document(capsys, *app, "schedule", "list")["schedules"]
    assert [one["name"] for one in listed] == ["nightly"]


def _url(shop: Path) -> str:
    return shop.read_text().partition("broker='")[2].partition("'")[0]


def test_a_schedule_in_the_code_is_not_deleted(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "-A", str(shop), "schedule", "delete", "nightly")
    assert code == 1
    assert "is in the code" in err
    code, _, err = run(capsys, "--broker", _url(shop), "schedule", "delete", "nightly")
    assert code == 1
    assert "in the code of a worker that runs" in err


def test_one_that_is_in_no_code_is_reported_and_deleted_if_asked(
    shop: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.admin.config_set("appendonly", "yes")
    assert "in the code" not in run(capsys, "-A", str(shop), "check")[1]
    shop.write_text(shop.read_text().replace('name="nightly"', 'name="renamed"'))
    shop = shop.rename(shop.with_name("shop_later.py"))
    code, out, _ = run(capsys, "-A", str(shop), "check")
    assert code == 1
    assert "it is not in this application's code, and goes on: cron 0 3 * * *" in out
    assert "fix: streamq schedule delete nightly" in out
    key = StreamQ("x").keys("default").key("schedule_seen")
    server.admin.hset(key, "shop/nightly", "f 1 1")  # nobody has declared it for long
    assert "in no code" in run(capsys, "--broker", _url(shop), "inspect", "schedules")[1]
    code, out, _ = run(capsys, "--broker", _url(shop), "schedule", "delete", "--undeclared")
    assert (code, out) == (0, "shop/nightly: deleted\n")
    assert "No schedules here" in run(capsys, "-A", str(shop), "schedule", "list")[1]


REFUSED = [
    (("create", "x"), 2, "create NAME TASK"),
    (("create", "x", "reprot", "--every", "5"), 2, "did you mean 'report'"),
    (("update", "nightly", "--every", "5", "--tz", "UTC"), 2, "tz= is for cron expressions"),
    (("create", "x", "report"), 2, "say when"),
    (("create", "x", "report", "--cron", "61 * * * *"), 2, "bad minute"),
    (("create", "x", "report", "--cron", "* * * * *", "--tz", "Europe/Olso"), 2, "Europe/Oslo"),
    (("create", "x", "report", "--every", "5", "--args", "{}"), 2, "a JSON list is wanted"),
    (("create", "x", "report", "--every", "5", "--kwargs", '{"dya": 1}'), 2, "unexpected keyword"),
    (("create", "nightly", "report", "--every", "5"), 1, "there is a schedule 'nightly' already"),
    (("update", "nigthly", "--every", "5"), 1, "did you mean 'nightly'"),
    (("pause",), 2, "which one?"),
    (("pause", "nobody"), 1, "no schedule 'nobody'"),
    (("trigger", "nightly", "--every", "5"), 2, "takes names only"),
    (("delete", "x", "--undeclared"), 2, "without names"),
]


@pytest.mark.parametrize(("words", "exit_code", "text"), REFUSED)
def test_what_cannot_be_is_said_in_a_few_lines(
    shop: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    exit_code: int,
    text: str,
) -> None:
    code, out, err = run(capsys, "-A", str(shop), "schedule", *words)
    assert (code, out) == (exit_code, ""), err
    assert text in err
    assert len(err.splitlines()) <= 6


def test_several_applications_may_have_schedules_of_one_name(
    shop: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    other = StreamQ("blog", broker=server.url)
    other.schedules.create("nightly", "report", every=timedelta(hours=1))
    other.runtime.close()
    url = ("--broker", server.url)
    assert "blog/nightly" in run(capsys, *url, "inspect", "schedules")[1]
    code, _, err = run(capsys, *url, "schedule", "pause", "nightly")
    assert code == 1
    assert "blog/nightly, shop/nightly" in err
    assert run(capsys, *url, "schedule", "pause", "blog/nightly")[1] == "blog/nightly: paused\n"
