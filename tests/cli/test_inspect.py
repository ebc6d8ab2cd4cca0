"""`streamq inspect`, `cancel`, `dead`: what they print, for people and for programs."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import pytest

from streamq import StreamQ, inspection
from tests.cli.conftest import Cli, process
from tests.conftest import MakeServer
from tests.inspection.conftest import make_app
from tests.inspection.hand import Hand
from tests.servers import Server

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def broker(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMQ_BROKER_URL", server.url)


def fill(app: StreamQ, hand: Hand) -> dict[str, str]:
    """A job in each state, by its name."""
    add = app.tasks["shop.add"]
    names = ["done", "dead", "retry", "running", "waiting"]
    ids = {name: add.delay(at, y=1).id for at, name in enumerate(names)}
    ids["delayed"] = add.options(countdown=60).delay(9).id
    hand.claim(4)
    hand.succeed(ids["done"], 12)
    hand.fail(ids["dead"], ValueError("bad \x1b[31m price \u202e"))
    hand.again(ids["retry"], KeyError("k"))
    return ids


def test_queues_are_the_first_thing_shown(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    answer = cli("inspect")
    assert (answer.code, answer.err) == (0, "")
    head, row = answer.out.splitlines()
    assert head.split()[:7] == [
        "QUEUE",
        "WAITING",
        "SCHEDULED",
        "PARKED",
        "RUNNING",
        "DEAD",
        "WORKERS",
    ]
    assert row.split()[:8] == ["default", "1", "2", "0", "1", "1", "1", "1"]


def test_an_empty_server_says_so(cli: Cli) -> None:
    assert cli("inspect", "waiting").out == "No waiting jobs.\n"
    assert cli("inspect", "workers").out.startswith("No worker is known here")


def test_queues_as_json_have_stable_names(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    (queue,) = cli("inspect", "--json").document["queues"]
    assert set(queue) == {
        *("queue", "waiting", "scheduled", "parked", "running", "dead", "pending", "workers"),
        *("results", "oldest_seconds", "next_due_seconds", "now_ms", "counters", "rate"),
    }
    assert queue["pending"] == 4
    assert queue["counters"]["succeeded"] == 1


@pytest.mark.parametrize(
    ("what", "there"),
    [
        ("pending", {"running", "waiting", "retry", "delayed"}),
        ("waiting", {"waiting"}),
        ("scheduled", {"retry", "delayed"}),
        ("parked", set()),
        ("running", {"running"}),
        ("dead", {"dead"}),
        ("ended", {"done", "dead"}),
    ],
)
def test_each_list_holds_its_jobs(
    cli: Cli, app: StreamQ, hand: Hand, what: str, there: set[str]
) -> None:
    ids = fill(app, hand)
    answer = cli("inspect", what, "--json")
    assert answer.code == 0
    document = answer.document
    assert (document["what"], document["cursor"]) == (what, "")
    assert {job["id"] for job in document["jobs"]} == {ids[name] for name in there}
    text = cli("inspect", what, "-q", "default").out
    assert all(ids[name] in text for name in there)


def test_a_job_as_json_has_stable_names(cli: Cli, app: StreamQ, hand: Hand) -> None:
    ids = fill(app, hand)
    document = cli("inspect", "job", ids["dead"], "--json").document
    assert set(document) == {"job", "why", "reasons", "log"}
    assert document["log"] == []
    job = document["job"]
    assert set(job) == {
        *("id", "task", "queue", "state", "reason", "attempt", "crashes", "args", "kwargs"),
        *("enqueued_at", "due_at", "started_at", "ended_at", "expires_at", "worker", "tags"),
        *("result", "error", "traceback", "progress", "run_seconds", "problem"),
        *("schedule", "scheduled_for", "attempts", "lane", "parent", "children"),
    }
    assert (job["state"], job["reason"], job["args"], job["kwargs"]) == (
        "dead",
        "failed",
        [1],
        {"y": 1},
    )
    assert job["error"]["type"] == "ValueError"
    assert job["ended_at"].endswith("+00:00")


def test_a_job_for_people_says_all_and_hides_what_could_harm_a_terminal(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    ids = fill(app, hand)
    out = cli("inspect", "job", ids["dead"]).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert r"ValueError: bad \x1b[31m price \u202e" in out
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if len(line.split()) > 1)
    assert lines["state"] == "dead (failed)"
    assert lines["call"] == "(1, y=1)"
    assert lines["why"].startswith("its last attempt failed: ValueError")
    done = cli("inspect", "job", ids["done"]).out
    assert "result     12" in done
    assert "ran        1.2 s" in done


def test_pages_go_on_where_the_one_before_ended(cli: Cli, app: StreamQ, hand: Hand) -> None:
    jobs = app.tasks["shop.add"].delay_many([(n,) for n in range(30)])
    first = cli("inspect", "waiting", "--limit", "12", "--json").document
    second = cli("inspect", "waiting", "--json", "--cursor", first["cursor"]).document
    seen = [job["id"] for job in first["jobs"] + second["jobs"]]
    assert seen == [job.id for job in jobs]
    assert second["cursor"] == ""
    everything = cli("inspect", "waiting", "--limit", "7", "--all", "--json").document
    assert [job["id"] for job in everything["jobs"]] == seen
    assert "More: --cursor" in cli("inspect", "waiting", "--limit", "7").out
    cli("inspect", "waiting", "--cursor", "nonsense").failed(1, "no cursor of this list")


def test_a_narrow_terminal_gets_lines_that_fit(
    cli: Cli, app: StreamQ, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.tasks["shop.send"].options(queue="default").delay("漢字" * 60)
    monkeypatch.setenv("COLUMNS", "100")
    lines = cli("inspect", "waiting").out.splitlines()
    assert len(lines[1]) <= 100
    assert lines[1].endswith("…")
    monkeypatch.delenv("COLUMNS")
    assert "漢字" * 60 in cli("inspect", "waiting").out


def test_workers_are_listed(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    (worker,) = cli("inspect", "workers", "--json").document["workers"]
    assert set(worker) == {
        *("name", "alive", "alive_until", "queues", "running", "details", "told"),
    }
    assert (worker["name"], worker["alive"], worker["running"]) == (hand.name, True, 1)
    row = cli("inspect", "workers").out.splitlines()[1]
    assert row.split()[:4] == [hand.name, "alive", "1", "default"]


def test_the_application_stands_before_or_after_the_command(cli: Cli, shop: Path) -> None:
    for words in (["-A", "shop", "inspect"], ["inspect", "-A", "shop.py:app"]):
        answer = cli(*words, "--json")
        assert {queue["queue"] for queue in answer.document["queues"]} == {"default", "mail"}


def test_a_variable_names_the_application(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMQ_APP", "nowhere")
    cli("inspect").failed(78, "there is no module 'nowhere'")
    assert cli("inspect", "-A", "shop").code == 0  # an option wins
    monkeypatch.setenv("STREAMQ_APP", "shop")
    assert "mail" in cli("inspect").out


def test_another_namespace_is_another_world(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    assert cli("inspect", "--namespace", "other", "--json").document == {"queues": []}


def test_watching_shows_rates_until_it_is_stopped(app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    with process("inspect", "--watch") as watching:
        assert watching.stdout is not None
        lines = [watching.stdout.readline() for _ in range(6)]
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=20)
    assert (watching.returncode, err) == (0, ""), out
    assert "/s" not in lines[1]  # nothing to compare with
    assert "0.0/s" in lines[4]


def test_cancel_says_what_became_of_each(cli: Cli, app: StreamQ, hand: Hand) -> None:
    ids = fill(app, hand)
    answer = cli("cancel", ids["waiting"], ids["delayed"])
    assert answer.code == 0
    assert answer.out.count(" cancelled") == 2
    answer = cli("cancel", ids["running"], ids["dead"], ids["done"], "--json")
    assert answer.code == 1
    assert answer.document == {
        "cancelled": 0,
        "asked": 1,
        "jobs": {ids["running"]: "asked", ids["dead"]: "dead", ids["done"]: "ended"},
    }
    again = cli("cancel", ids["waiting"], ids["running"])
    assert (again.code, again.out.splitlines()) == (
        0,
        [f"{ids['waiting']} cancelled", f"{ids['running']} is running: its worker ends it"],
    )


def test_dead_jobs_by_id_need_no_question(cli: Cli, app: StreamQ, hand: Hand) -> None:
    ids = fill(app, hand)
    assert cli("dead", "retry", ids["dead"]).out == "1 job will run again.\n"
    again = cli("dead", "retry", ids["dead"])
    assert (again.code, again.out) == (1, f"{ids['dead']} is not dead, or nobody knows it.\n")


def test_all_dead_jobs_need_yes_where_nobody_can_be_asked(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    fill(app, hand)
    cli("dead", "delete", "--all").failed(2, "1 dead job to delete", "--yes")
    assert cli("dead", "delete", "--all", "--task", "shop.send").out == "0 jobs deleted.\n"
    assert cli("dead", "delete", "--all", "--older-than", "1h", "--json").document["done"] == 0
    answer = cli("dead", "delete", "--all", "--task", "shop.add", "--yes", "--json")
    assert answer.document == {"action": "delete", "done": 1, "not_dead": []}
    assert cli("inspect", "dead").out == "No dead jobs.\n"


def test_check_finds_fault_with_a_fix_for_each(cli: Cli, app: StreamQ, hand: Hand) -> None:
    ids = fill(app, hand)
    answer = cli("check", "--audit")
    assert answer.code == 1
    assert "warning: no append-only file" in answer.out
    assert "  fix: CONFIG SET appendonly yes" in answer.out
    assert "Audit clean" in answer.out
    assert "environment" in answer.out
    assert "\nwarning: 1 job is dead\n  fix: streamq inspect dead -q default" in answer.out
    assert "note:" not in answer.out
    assert ids
    document = cli("check", "--audit", "--json").document
    assert set(document) == {"configuration", "server", "findings", "remarks", "audit"}
    assert {one["level"] for one in document["findings"]} == {"warning"}
    assert all(one["fix"] for one in document["findings"])
    assert document["audit"]["clean"] is True
    assert document["audit"]["checked"]["default"]["jobs"] == 5
    settings = {one["name"]: one for one in document["configuration"]}
    assert settings["broker"]["source"] == "environment"
    assert settings["lease"]["source"] == "default"


def test_check_is_content_with_a_durable_server(
    cli: Cli, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server(appendonly="yes", appendfsync="always", tcp="yes", password="secret")
    answer = cli("check", "--broker", server.url)
    assert answer.code == 0
    assert "Nothing found." in answer.out
    assert "secret" not in answer.out
    server.admin.config_set("appendfsync", "everysec")  # sane: worth knowing, and no finding
    answer = cli("check", "--broker", server.url)
    assert answer.code == 0
    told, _, remarks = answer.out.partition("Worth knowing, nothing to do:\n")
    assert told.endswith("Nothing found.\n")
    assert "  appendfsync everysec: a crash of the machine loses" in remarks
    assert "fix:" not in answer.out
    document = cli("check", "--broker", server.url, "--json").document
    assert document["findings"] == []
    assert {one["level"] for one in document["remarks"]} == {"info"}


def test_jobs_that_nobody_runs_make_check_answer_badly(
    cli: Cli, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAMQ_BROKER_URL")
    server = make_server(appendonly="yes", appendfsync="always")
    app = make_app(server.url)
    app.tasks["shop.add"].delay(1)
    answer = cli("check", "--broker", server.url)
    assert answer.code == 1
    problem = "warning: 1 job is pending and no worker serves it\n"
    assert f"{problem}  fix: streamq -A APP worker -Q default\n" in answer.out
    Hand(app).enrol(["shop.add"])
    app.close()
    assert cli("check", "--broker", server.url).code == 0


def test_check_names_a_variable_that_is_misspelt(
    cli: Cli, app: StreamQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMQ_LEESE", "60")
    monkeypatch.setenv("STREAMQ_WORDS_OF_OUR_OWN", "yes")
    answer = cli("check")
    assert answer.code == 1
    assert "warning: STREAMQ_LEESE sets nothing\n  fix: did you mean STREAMQ_LEASE?" in answer.out
    assert "OUR_OWN" not in answer.out


@pytest.mark.no_audit("broken on purpose")
def test_check_names_a_violation(cli: Cli, app: StreamQ, hand: Hand, server: Server) -> None:
    ids = fill(app, hand)
    server.admin.zrem(hand.keys.key("scheduled"), ids["delayed"])
    answer = cli("check", "--audit")
    assert answer.code == 1
    assert f"violation: a job is where its state says: {ids['delayed']} in sq:" in answer.out
    assert cli("check", "--audit", "--json").document["audit"]["clean"] is False


def test_a_server_of_the_cluster_kind_is_inspected_too(
    cli: Cli, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAMQ_BROKER_URL")  # it would win over the application's own
    server = make_server("cluster")
    app = make_app(server.url)
    app.tasks["shop.add"].delay_many([(n,) for n in range(3)])
    Hand(app, "mail").enrol(["shop.send"])
    app.close()
    queues = cli("inspect", "--broker", server.url, "--json").document["queues"]
    assert {queue["queue"]: queue["waiting"] for queue in queues} == {"default": 3, "mail": 0}
    assert len(cli("inspect", "workers", "--broker", server.url, "--json").document["workers"]) == 1
    audited = cli("check", "--audit", "--broker", server.url, "--json").document["audit"]
    assert audited["clean"] is True


def test_a_narrow_user_may_inspect(
    cli: Cli, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAMQ_BROKER_URL")
    server = make_server("acl")
    app = make_app(server.url)
    hand = Hand(app)
    hand.enrol(["shop.add"])
    ids = fill(app, hand)
    app.close()
    for words in (["pending"], ["ended"], ["workers"], ["job", ids["done"]]):
        assert cli("inspect", *words, "--broker", server.url).code == 0
    assert "Audit clean" in cli("check", "--audit", "--broker", server.url).out


def test_a_reader_that_has_seen_enough_is_no_error(app: StreamQ, hand: Hand) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(600)])
    with process("inspect", "waiting", "--all", "--json") as listing:
        assert listing.stdout is not None
        assert listing.stdout.readline() == "{\n"
        listing.stdout.close()
        assert listing.stderr is not None
        err = listing.stderr.read()
        listing.wait(20)
    assert (listing.returncode, err) == (0, "")


def test_on_a_terminal_all_dead_jobs_are_counted_and_asked_about(
    cli: Cli, app: StreamQ, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, hand)
    for typed, code, left in (("n\n", 130, 1), ("y\n", 0, 0)):
        keyboard = io.StringIO(typed)
        monkeypatch.setattr(keyboard, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", keyboard)
        answer = cli("dead", "retry", "--all")
        assert answer.code == code
        assert "1 dead job. Let them run again? [y/N]" in answer.out
        assert inspection.counts(app, "default").dead == left


def test_times_are_printed_in_the_applications_zone(
    cli: Cli, app: StreamQ, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(app, hand)
    monkeypatch.setenv("STREAMQ_TIMEZONE", "Asia/Tokyo")
    assert " JST (" in cli("inspect", "job", ids["dead"]).out
    monkeypatch.setenv("STREAMQ_TIMEZONE", "UTC")
    assert " UTC (" in cli("inspect", "job", ids["dead"]).out
