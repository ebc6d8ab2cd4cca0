"""job, dead, queue: what is done is counted, asked about, and logged where logs are read."""

from __future__ import annotations

import pytest

from streamq import StreamQ
from streamq.terminal import printable
from tests.cli.conftest import Cli
from tests.inspection.hand import Hand

pytestmark = pytest.mark.usefixtures("shop")


def test_filters_alone_choose_dead_jobs(
    cli: Cli, app: StreamQ, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    hand.bury(KeyError("price"), ValueError("stock"), ValueError("price"))
    cli("dead", "retry", "--error", "price").failed(2, "2 dead jobs to retry", "--yes")
    answer = cli("dead", "retry", "--error", "price", "--rate", "100/s", "--yes")
    assert answer.out == "2 jobs will run again.\n"
    assert "retry dead: 2 done by " in caplog.text
    assert cli("dead", "delete", "--task", "shop.add", "--limit", "5", "--yes").out == (
        "1 job deleted.\n"
    )
    assert cli("dead", "delete", "--older-than", "1h", "--yes").out == "0 jobs deleted.\n"
    cli("dead", "retry").failed(2, "which ones?")
    cli("dead", "retry", "--rate", "fast", "x").failed(2, "is no rate")


def test_job_retries_cancels_and_deletes(cli: Cli, app: StreamQ, hand: Hand) -> None:
    first, second = hand.bury(KeyError("price"), ValueError("stock"))
    waiting = app.tasks["shop.add"].delay(1)
    assert cli("job", "retry", first).out == "1 job will run again.\n"
    assert cli("job", "retry", "--error", "stock", "--yes").out == "1 job will run again.\n"
    assert cli("job", "cancel", waiting.id).out == f"{waiting.id} cancelled\n"
    assert cli("job", "delete", waiting.id).out == "1 job deleted.\n"
    again = cli("job", "delete", waiting.id, second)
    assert (again.code, again.out.count("has not ended, or nobody knows it")) == (1, 2)
    assert cli("job", "delete", second, "--json").document == {
        "action": "delete",
        "done": 0,
        "left_alone": [second],
    }


def test_purge_asks_and_drain_says_what_is_left(cli: Cli, app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(3)])
    assert cli("queue", "drain", "default", "--timeout", "0").code == 1
    cli("queue", "purge", "default").failed(2, "3 jobs to cancel", "--yes")
    assert cli("queue", "purge", "default", "-y").out == "3 jobs cancelled.\n"
    assert cli("queue", "purge", "default", "--json").document == {
        "action": "purge",
        "cancelled": {"default": 0},
    }
    answer = cli("queue", "drain", "default")
    assert (answer.code, answer.out) == (0, "queue default is empty\n")
    cli("queue", "purge", "defualt").failed(1, "did you mean 'default'?")
    cli("queue", "drain", "default", "--task", "shop.add").failed(2, "streamq cancel takes --task")


def test_a_queue_that_was_never_used_is_paused_and_said_to_be_new(cli: Cli, app: StreamQ) -> None:
    app.tasks["shop.add"].delay(1)
    answer = cli("queue", "pause", "defualt")
    assert (answer.code, answer.out) == (0, "queue defualt paused\n")
    assert answer.err.startswith("It was never used here; did you mean 'default'?")
    assert cli("queue", "resume", "default").err == ""


def test_what_no_calendar_has_is_no_time(cli: Cli) -> None:
    for said in (("--since", "9" * 400), ("--until", "99999999d")):
        cli("inspect", *said).failed(2, "is no time")
    cli("job", "delete", "--older-than", "9" * 400, "-y").failed(2, "more than a hundred years")
    cli("schedule").failed(2, "Missing argument", "streamq schedule --help")


def test_filters_search_and_say_how_far(cli: Cli, app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(1200)])
    answer = cli("inspect", "--arg", "x=1199", "-A", "shop")
    assert answer.out.startswith("None so far. More: --cursor '")
    assert "searched 400 of 1,200" in answer.out
    document = cli("inspect", "--task", "shop.add", "--arg", "x=1199", "--all", "--json").document
    assert (document["searched"], document["total"], document["jobs"]) == (1200, 1200, [])
    found = cli("inspect", "waiting", "--arg", "x=1199", "--all", "--json", "-A", "shop").document
    assert [job["args"] for job in found["jobs"]] == [[1199]]
    cli("inspect", "--arg", "x").failed(2, "write NAME=VALUE")
    cli("inspect", "workers", "--task", "shop.add").failed(2, "filters choose among jobs")
    cli("inspect", "--since", "soon").failed(2, "is no time")
    document = cli("inspect", "--since", "1h", "--json").document
    assert (document["searched"], len(document["jobs"]), bool(document["cursor"])) == (20, 20, True)
    said = cli("inspect", "--state", "succeeded", "--since", "10:30").out
    assert said.startswith("No such ended")


def test_dead_jobs_in_groups_hide_what_could_harm_a_terminal(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    hand.bury(KeyError("price"), KeyError("name"), ValueError("\x1b[31mred\x07"))
    out = cli("inspect", "dead", "--groups").out
    assert out.splitlines()[1].split()[:2] == ["2", "shop.add"]
    assert all(line == printable(line) for line in out.splitlines())
    groups = cli("inspect", "--groups", "--json").document["groups"]
    assert [(one["jobs"], one["error"]) for one in groups] == [(2, "KeyError"), (1, "ValueError")]
    cli("inspect", "waiting", "--groups").failed(2, "--groups is of dead jobs")
