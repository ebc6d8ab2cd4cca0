"""`streamq worker` as a process, and the embedded server from the command line."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.cli.conftest import SHOP, Cli, process
from tests.conftest import MakeServer
from tests.servers import Server
from tests.servers_process import remove_folder
from tests.waiting import wait_until


def test_a_worker_runs_what_is_called_and_ends_in_order(cli: Cli, shop: Path) -> None:
    with process("-A", "shop", "worker", "-c", "2", "--grace", "1", "-l", "info") as worker:
        answer = cli("-A", "shop", "call", "shop.add", "4", "y=5", "--timeout", "20")
        assert (answer.code, answer.out) == (0, "9\n"), answer
        failed = cli("call", "shop.send", "me", "--timeout", "20")
        assert failed.code == 1
        assert "ValueError: no such person: me" in failed.err
        (listed,) = cli("inspect", "workers", "--json").document["workers"]
        assert listed["alive"] is True
        assert sorted(listed["queues"]) == ["default", "mail"]
        assert listed["details"]["threads"] == 2
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=20)
    assert worker.returncode == 0, out + err
    assert cli("inspect", "workers", "--json").document == {"workers": []}
    (dead,) = cli("inspect", "dead", "--json").document["jobs"]
    assert dead["error"] == {"type": "ValueError", "message": "no such person: me"}
    assert "no such person" in dead["traceback"]
    ended = cli("inspect", "ended", "--json").document["jobs"]
    assert [job["task"] for job in ended] == ["shop.send", "shop.add"]


def test_a_worker_serves_only_the_queues_it_is_told(cli: Cli, shop: Path) -> None:
    with process("worker", "-A", "shop.py", "-Q", "mail", "--log-format", "json") as worker:
        wait_until(
            lambda: cli("inspect", "workers", "--json").document["workers"], "a worker", timeout=20
        )
        (listed,) = cli("inspect", "workers", "--json").document["workers"]
        assert listed["queues"] == ["mail"]
        cli("-A", "shop", "call", "shop.send", "me", "--timeout", "20")
        worker.send_signal(signal.SIGINT)
        out, err = worker.communicate(timeout=20)
    assert worker.returncode == 0, out + err
    told = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert any("shop.send" in entry["message"] for entry in told)


def test_a_burst_of_two_named_processes_ends_by_itself(cli: Cli, shop: Path) -> None:
    job_ids = [cli("-A", "shop", "call", "shop.add", str(n)).out.strip() for n in range(3)]
    flags = ("--burst", "--processes", "2", "-n", "once@%h", "--max-jobs", "100")
    with process("-A", "shop", "worker", *flags, "--process-concurrency", "1") as worker:
        out, err = worker.communicate(timeout=30)
    assert worker.returncode == 0, out + err
    assert "2 processes with" in err
    ended = cli("inspect", "ended", "--json").document["jobs"]
    assert {job["id"] for job in ended} == set(job_ids)
    cli("-A", "shop", "worker", "-n", "no spaces").failed(2, "worker name")


def test_a_worker_may_wait_for_its_server(cli: Cli, make_server: MakeServer) -> None:
    Path("shop.py").write_text(SHOP)
    server: Server = make_server(tcp="yes")
    server.stop()
    with process("-A", "shop", "worker", "--wait", "--broker", server.url) as worker:
        with pytest.raises(AssertionError):
            wait_until(lambda: worker.poll() is not None, "it to give up", timeout=2)
        server.start()
        answer = cli(
            "-A", "shop", "call", "shop.add", "1", "--timeout", "20", "--broker", server.url
        )
        worker.terminate()
        out, err = worker.communicate(timeout=20)
    assert answer.out == "1\n", (answer, out, err)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="sqd-", dir="/tmp"))
    yield folder / "data"
    remove_folder(folder)


def test_the_embedded_server_is_started_by_a_call_and_seen_and_stopped(
    cli: Cli, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMQ_BROKER_URL", f"embedded://{data_dir}")
    Path("shop.py").write_text(SHOP)
    cli("inspect").failed(69, "Nothing is running here", "has never been used")
    status = cli("embedded", "status")
    assert (status.code, status.err) == (1, "")
    assert cli("embedded", "status", "--json").document == {"embedded": None}
    assert not data_dir.exists()
    job_id = cli("-A", "shop", "call", "shop.add", "1").out.strip()
    assert f"job        {job_id}" in cli("inspect", "job", job_id).out
    status = cli("embedded", "status", "--json")
    assert status.code == 0
    assert status.document["embedded"]["running"] is True
    assert set(status.document["embedded"]) == {
        *("running", "phase", "message", "version", "socket", "data_dir", "log"),
        *("pid", "keeper_pid", "clients", "size_bytes"),
    }
    checked = cli("check")
    assert (checked.code, checked.out.count("\n  fix: ")) == (1, 1), checked
    assert "warning: 1 job is pending and no worker serves it" in checked.out
    cli("cancel", job_id)
    checked = cli("check")
    assert checked.code == 0, checked
    assert cli("embedded", "stop").out == "Stopped; its data stays.\n"
    assert cli("embedded", "stop").out == "Nothing was running here.\n"
    cli("inspect").failed(69, "Nothing is running here", "with all its data")


def test_a_worker_starts_the_embedded_server_and_says_so(
    cli: Cli, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMQ_BROKER_URL", f"embedded://{data_dir}")
    Path("shop.py").write_text(SHOP)
    with process("-A", "shop", "worker") as worker:
        answer = cli("-A", "shop", "call", "shop.add", "1", "--timeout", "30")
        worker.terminate()
        out, err = worker.communicate(timeout=20)
    cli("embedded", "stop")
    assert answer.out == "1\n", (answer, out, err)
    assert str(data_dir) in out + err
    assert err.count("using the embedded server") == 1, "once, not again by each process\n" + err
