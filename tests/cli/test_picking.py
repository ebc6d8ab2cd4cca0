"""Each filter, on each command that takes one: what is listed, and what is acted on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from streamq import BrokerUnavailable, StreamQ, inspection
from streamq.inspection import walk
from streamq.operations.beside import pack_beside
from tests.cli.conftest import Answer, Cli
from tests.inspection.hand import Hand

pytestmark = pytest.mark.usefixtures("shop")
NEVER = ("--since", "2040-01-01")  # nothing is of that time
PAST = ("--until", "2020-01-01")


@pytest.fixture
def jobs(app: StreamQ, hand: Hand) -> dict[str, str]:
    """A job in each state, each with an argument and a tag of its own; by its state."""
    add = app.tasks["shop.add"]
    names = ["succeeded", "dead", "scheduled", "running", "waiting"]
    ids = {
        name: add.options(tags=[f"t-{name}"], max_attempts=3).delay(at, y=at)
        for at, name in enumerate(names)
    }
    hand.claim(4)
    done, dead, later = (ids[name].id for name in names[:3])
    beside = pack_beside("", ["t-succeeded"])
    hand.succeed(done, 12, beside=beside)
    hand.fail(dead, ValueError("bad price"))
    hand.again(later, KeyError("stock"))
    app.tasks["shop.send"].delay("me")
    return {name: job.id for name, job in ids.items()}


def told(answer: Answer) -> list[str]:
    assert (answer.code, answer.err) == (0, ""), answer
    return [job["id"] for job in answer.document["jobs"]]


@pytest.mark.parametrize("state", ["dead", "scheduled", "running", "waiting"])
def test_every_filter_finds_its_job_in_every_list(
    cli: Cli, jobs: dict[str, str], state: str
) -> None:
    one = [jobs[state]]
    number = list(jobs).index(state)
    what = ("inspect", state, "--json", "-A", "shop", "-q", "default")
    for said in (
        *(("--tag", f"t-{state}"), ("--arg", f"x={number}"), ("--arg", f"y={number}")),
        *(("--state", state), ("--task", "shop.add"), ("--since", "1h"), ()),
        *(("--until", "2040-01-01"), ("--tag", f"t-{state}", "--since", "1h")),
    ):
        assert told(cli(*what, *said)) == one, said
    for said in (NEVER, PAST, ("--tag", "t"), ("--arg", "x=99"), ("--task", "shop.none")):
        assert told(cli(*what, *said)) == [], said
    error = {"dead": "PRICE", "scheduled": "keyerror"}.get(state)
    assert told(cli(*what, "--error", error or "price")) == (one if error else [])
    assert told(cli("inspect", state, "--json", "-q", "mail", "--task", "shop.add")) == []


def test_every_filter_finds_what_has_ended_as_far_as_it_is_kept(
    cli: Cli, jobs: dict[str, str]
) -> None:
    what = ("inspect", "ended", "--json", "-A", "shop")
    done, dead = [jobs["succeeded"]], [jobs["dead"]]
    assert told(cli(*what, "--tag", "t-succeeded")) == done
    assert told(cli(*what, "--tag", "t-dead")) == dead
    assert told(cli(*what, "--error", "price")) == dead
    assert told(cli(*what, "--arg", "x=1")) == dead
    assert told(cli(*what, "--state", "succeeded", "--since", "1h")) == done
    assert told(cli(*what, *NEVER)) == told(cli(*what, *PAST)) == []
    head = cli("inspect", "ended", "--task", "shop.add").out.splitlines()[0].split()
    assert head == ["ID", "TASK", "QUEUE", "STATE", "ATTEMPT", "ENDED", "RAN"]
    said = cli("inspect", "ended", "--arg", "x=0", "-A", "shop").out
    assert (
        "searched 2 of 2; arguments are kept of dead jobs, and of others with result_extended"
        in said
    )
    assert "have names only with -A" in cli("inspect", "--arg", "x=4").out


def test_ended_jobs_are_searched_within_the_budget_and_all_of_them(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    key = hand.keys.ended("shop.add")
    ids = [f"Vbnsycx{n:012}.default" for n in range(900)]
    now = int(time.time() * 1000)
    lines = [f"{one} ok 1 5 {now - at}" for at, one in enumerate(ids)]
    app.client.command("RPUSH", key, *lines, key=key)
    first = cli("inspect", "ended", "--state", "dead", "--json").document
    assert (first["searched"], first["total"], first["jobs"]) == (400, 900, [])
    rest = cli("inspect", "ended", "--state", "dead", "--cursor", first["cursor"], "--json")
    assert (rest.document["searched"], bool(rest.document["cursor"])) == (400, True)
    found = cli("inspect", "ended", "--state", "succeeded", "--all", "--json").document
    assert [job["id"] for job in found["jobs"]] == ids
    page = cli("inspect", "ended", "--state", "succeeded", "--limit", "3", "--json").document
    assert ([job["id"] for job in page["jobs"]], page["searched"]) == (ids[:3], 3)


@pytest.mark.parametrize(
    "said",
    [
        ("--tag", "t-{}"),
        ("--arg", "y={n}", "-A", "shop"),
        ("--state", "{}", "--task", "shop.add"),
        ("--since", "1h", "--tag", "t-{}"),
        ("--until", "2040-01-01", "--arg", "x={n}", "-A", "shop", "-q", "default"),
        ("--error", "{error}"),
    ],
)
def test_filters_pick_what_is_acted_on(
    cli: Cli, app: StreamQ, jobs: dict[str, str], said: tuple[str, ...]
) -> None:
    acts = [("delete", "dead", "price"), ("cancel", "scheduled", "stock")]
    if "--error" not in said:
        acts += [("cancel", "waiting", "")]
    for verb, state, error in acts:
        words = [w.format(state, n=list(jobs).index(state), error=error) for w in said]
        assert cli("job", verb, *NEVER, *words[2:], "--yes").code == 0
        what = cli("job", verb, *words)
        what.failed(2, f"1 job to {verb}", "--yes")
        assert cli("job", verb, *words, "--yes", "--json").code == 0
        info = inspection.job(app, jobs[state]) if verb == "cancel" else None
        assert info is None or str(info.state) == "cancelled"
        assert cli("job", verb, *words, "--yes").out.startswith("0 jobs ")  # again: nothing
    left = {"succeeded", "running"} | ({"waiting"} if "--error" in said else set())
    for state in left:
        assert str(inspection.job(app, jobs[state]).state) == state


def test_dead_jobs_are_retried_by_any_filter(cli: Cli, app: StreamQ, jobs: dict[str, str]) -> None:
    for said in (("--tag", "t-running"), ("--arg", "y=4"), NEVER, ("--error", "stock")):
        assert cli("job", "retry", *said, "--yes").out == "0 jobs will run again.\n"
    cli("job", "retry", "--state", "waiting").failed(2, "retry is of jobs that are dead")
    cli("job", "cancel", "--state", "dead").failed(2, "not dead")
    cli("job", "delete", "--state", "running").failed(2, "not running")
    cli("job", "delete").failed(2, "which ones?")
    cli("job", "delete", "x", "--all").failed(2, "not both")
    found = ("--tag", "t-dead", "--arg", "y=1", "--since", "1h", "--limit", "3")
    assert cli("dead", "retry", *found, "--yes").out == "1 job will run again.\n"
    assert str(inspection.job(app, jobs["dead"]).state) == "waiting"


def test_results_are_deleted_by_filter_too(cli: Cli, app: StreamQ, jobs: dict[str, str]) -> None:
    assert cli("job", "delete", "--older-than", "1h", "-y").out == "0 jobs deleted.\n"
    answer = cli("job", "delete", "--state", "succeeded", "--yes", "--json")
    assert answer.document == {"action": "delete", "done": 1, "left_alone": []}
    assert app.result(jobs["succeeded"]).info().state == "unknown"
    assert cli("job", "delete", "--all", "--yes").out == (
        "1 job deleted.\n1 had no result that is kept.\n"
    )
    assert str(inspection.job(app, jobs["waiting"]).state) == "waiting"


def test_on_a_terminal_each_picture_takes_the_place_of_the_last_also_while_the_server_is_away(
    cli: Cli, app: StreamQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.tasks["shop.add"].delay(1)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    looks: Iterator[Any] = iter([walk, BrokerUnavailable("no server at x"), walk])

    def look(*words: Any) -> Any:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found(*words)

    with (
        patch("time.sleep", side_effect=[None, None, KeyboardInterrupt]),
        patch("streamq.inspection.walk", look),
    ):
        answer = cli("inspect", "waiting", "--watch")
    assert (answer.code, answer.err) == (0, "")
    pictures = answer.out.split("\033[H")[1:]
    assert ["shop.add" in picture for picture in pictures] == [True, False, True]
    assert pictures[1].startswith("no answer, asking again: no server at x\033[K\n")
    assert all(picture.endswith("\033[K\n\033[J\n") for picture in pictures)


def test_watching_goes_on_with_filters(cli: Cli, jobs: dict[str, str]) -> None:
    with patch("time.sleep", side_effect=[None, KeyboardInterrupt]):
        answer = cli("inspect", "--tag", "t-waiting", "--watch", "--limit", "5")
    assert answer.code == 0
    assert answer.out.count(jobs["waiting"]) == 2
    assert answer.out.count("searched 4 of 4") == 2
