"""`streamq stats`, `streamq metrics`, `streamq health`, and the worker's two ports."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streamq import StreamQ, inspection
from streamq.cli.watching import own_health
from streamq.errors import BrokerUnavailable
from streamq.inspection import vitals
from tests.cli.conftest import Cli, process
from tests.inspection.hand import Hand
from tests.inspection.test_prometheus import fetch
from tests.waiting import wait_until


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_stats_draws_rates_and_a_table_of_tasks(
    cli: Cli, shop: Path, app: StreamQ, hand: Hand
) -> None:
    app.send_task("shop.add", (1,))
    hand.succeed(*hand.claim())
    answer = cli("stats", "--since", "2h")
    assert answer.code == 0, answer.err
    assert "succeeded |" in answer.out
    assert "1 (0.0/min)" in answer.out
    assert "shop.add" in answer.out
    (task,) = cli("stats", "--json", "--task", "shop.add", "-q", "default").document["tasks"]
    assert task["counts"]["succeeded"] == 1
    assert 1.024 <= task["ran"]["p50"] <= 2.048
    assert cli("stats", "--task", "other").out.startswith("Nothing was done since")
    cli("stats", "--since", "4d").failed(2, "--since: must be 60 seconds to 72 hours")


def test_metrics_are_printed_and_served(cli: Cli, shop: Path, app: StreamQ, hand: Hand) -> None:
    app.send_task("shop.add", (1,))
    answer = cli("metrics", "--once")
    assert answer.code == 0, answer.err
    names = [family.name for family in text_string_to_metric_families(answer.out)]
    assert "streamq_jobs" in names
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        cli("metrics", "--port", str(port)).failed(1, f"can't listen on 127.0.0.1 port {port}")


def test_health_is_red_while_a_job_waits_for_nobody(
    cli: Cli, shop: Path, app: StreamQ, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "_AGAIN_S", 0.05)
    assert cli("health").out == "ok: 1 workers\n"
    app.send_task("shop.add", (1,))
    assert cli("health", "--patience", "5m").code == 0
    answer = cli("health", "--patience", "0s")
    assert (answer.code, answer.err) == (1, "")
    assert "has never said a word, while jobs of default wait" in answer.out
    document = cli("health", "--patience", "0s", "--json").document
    assert document["ok"] is False
    assert document["workers"] == [hand.name]
    assert cli("health", "--worker", "nobody").out == "no such worker is alive\n"
    hand.claim()
    assert cli("health", "--patience", "1s").code == 0


def test_a_worker_serves_metrics_and_its_health(cli: Cli, shop: Path) -> None:
    metrics, health = free_port(), free_port()
    flags = ("--metrics-port", str(metrics), "--health-port", str(health), "--grace", "1")
    with process("-A", "shop", "worker", "-c", "2", *flags) as worker:

        def answers() -> bool:
            try:
                return fetch(health, "/health")[0] == 200
            except OSError:
                return False

        wait_until(answers, "the worker to be healthy", timeout=20)
        assert fetch(health, "/health")[2] == "ok\n"
        code, _, text = fetch(metrics, "/metrics")
        assert (code, 'streamq_workers{queue="default"} 1' in text) == (200, True)
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=20)
    assert worker.returncode == 0, out + err


def test_the_health_page_is_red_with_the_reason_and_green_without_a_server(
    app: StreamQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = inspection.Health(["w: has claimed no job of mail for 31 s"], ["w"])
    monkeypatch.setattr(inspection, "health", lambda *_, **__: red)
    assert own_health(app).code == 503
    assert own_health(app).text == "w: has claimed no job of mail for 31 s\n"

    def away(*_: object, **__: object) -> None:
        raise BrokerUnavailable("no answer")

    monkeypatch.setattr(inspection, "health", away)
    assert own_health(app).code == 200
    assert own_health(app).text == "ok, but waits for the server: no answer\n"
