"""`streamq worker quiet|resume|stop NAME`: a real worker does as it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import Cli, process
from tests.waiting import wait_until


def workers(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("inspect", "workers", "--json").document["workers"]
    return found


def waiting(cli: Cli) -> int:
    (queue,) = cli("inspect", "-q", "default", "--json").document["queues"]
    return int(queue["waiting"])


def test_a_worker_does_as_it_is_told(cli: Cli, shop: Path) -> None:
    with process("-A", "shop", "worker", "-c", "2", "--grace", "1", "-Q", "default") as worker:
        wait_until(
            lambda: cli("inspect", "workers", "--json").document["workers"], "it", timeout=20
        )
        (listed,) = cli("inspect", "workers", "--json").document["workers"]
        name = listed["name"]
        assert "shop.add" in listed["details"]["knows"]
        assert cli("worker", "quiet", name).out.startswith(f"{name} is told to claim nothing more")
        assert cli("worker", "quiet", name, "--json").document["workers"] == {name: "already"}
        assert "  quiet  " in cli("inspect", "workers").out

        def claims_no_more() -> bool:
            cli("-A", "shop", "call", "shop.add", "1")
            return waiting(cli) >= 2

        wait_until(claims_no_more, "the worker to be quiet", timeout=20)
        assert cli("worker", "resume", name).code == 0
        wait_until(lambda: waiting(cli) == 0, "it to go on", timeout=20)
        assert cli("worker", "stop", name).out == f"{name} is told to end, as after SIGTERM\n"
        out, err = worker.communicate(timeout=20)
    assert worker.returncode == 0, out + err
    assert "none takes its place" in err
    again = cli("worker", "stop", name)
    assert (again.code, again.out) == (1, f"no worker {name!r} lives\n")
    cli("worker", "stop").failed(2, "which one?")
    cli("worker", "stp", name).failed(2, "did you mean 'stop'?")
