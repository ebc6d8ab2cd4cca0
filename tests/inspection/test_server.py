"""What is wrong with a server or a queue, workers, audits, and a server that sleeps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from streamq import BrokerUnavailable, StreamQ, inspection
from streamq.client.server_info import make_server_info
from streamq.inspection import Finding, Level
from streamq.inspection.server import _of_memory, _of_persistence, _of_version, too_old
from streamq.inspection.workers import workers_of_queue
from tests.conftest import MakeServer
from tests.inspection.conftest import make_app
from tests.inspection.hand import Hand
from tests.servers import Server


def test_workers_are_read_without_asking_them(app: StreamQ, hand: Hand) -> None:
    gone = Hand(app, "mail", "host-9-ffffff")
    gone.enrol(alive_ms=1)
    time.sleep(0.01)
    app.tasks["shop.add"].delay_many([(1,), (2,), (3,)])
    hand.claim(2)
    hand.claim(1)
    alive, dead = inspection.workers(app)
    assert (alive.name, alive.alive, alive.running, alive.queues) == (
        hand.name,
        True,
        3,
        ("default",),
    )
    assert alive.details["threads"] == 4
    assert (dead.name, dead.alive, dead.running) == ("host-9-ffffff", False, 0)


def test_a_worker_of_several_queues_is_one_worker(app: StreamQ, hand: Hand) -> None:
    Hand(app, "mail", hand.name).enrol()
    (worker,) = inspection.workers(app)
    assert worker.queues == ("default", "mail")


@pytest.mark.parametrize(("us", "lives"), [(0, True), (999, True), (1000, False)])
def test_a_worker_lives_to_the_end_of_its_last_ms_as_for_the_scripts(
    app: StreamQ, us: int, lives: bool
) -> None:
    asking = workers_of_queue(app, "default")
    next(asking)
    none: list[Any] = [b"0", []]
    for answer in [[b"w", b"5000"], [b"5", b"%d" % us], [b"{}"], [None], none]:
        asking.send(answer)
    with pytest.raises(StopIteration) as found:
        asking.send(none)
    assert [worker.alive for worker in found.value.value] == [lives]


def test_an_audit_of_queues_in_order_is_clean_and_says_what_it_saw(
    app: StreamQ, hand: Hand
) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(300)])
    hand.claim(3)
    told: list[tuple[str, str, int]] = []
    report = inspection.audit(app, progress=lambda *seen: told.append(seen))
    assert report.clean
    assert report.checked["default"]["jobs"] == 300
    assert report.checked["default"]["leases"] == 1
    assert ("default", "jobs", 300) in told
    assert len([one for one in told if one[:2] == ("default", "stream")]) > 1  # pages


@pytest.mark.no_audit("broken on purpose")
def test_an_audit_looks_at_all_that_jobs_said(app: StreamQ, server: Server) -> None:
    keys = app.keys("default")
    app.tasks["shop.add"].delay(1)
    for n in range(450):
        server.admin.xadd(keys.trail("log", f"job{n}"), {"t": "run", "n": "1", "b": "said"})
        if n:
            server.admin.expire(keys.trail("log", f"job{n}"), 60)
    report = inspection.audit(app)
    assert report.checked["default"]["trails"] == 450
    assert [(one.rule, one.key) for one in report.violations] == [
        ("what a job said goes by itself", keys.trail("log", "job0"))
    ]


@pytest.mark.no_audit("broken on purpose")
def test_an_audit_names_each_violation_with_its_key(
    app: StreamQ, hand: Hand, server: Server
) -> None:
    job = app.tasks["shop.add"].delay(1)
    server.admin.delete(hand.keys.key("stream"))
    report = inspection.audit(app, "default")
    assert not report.clean
    found = {(one.queue, one.key, one.member) for one in report.violations}
    assert ("default", hand.keys.key("stream"), job.id) in found


def test_a_server_that_may_lose_jobs_is_found_out(make_server: MakeServer) -> None:
    server = make_server(maxmemory_policy="allkeys-lru")
    app = make_app(server.url)
    app.send_task("shop.ad", (1,))
    hand = Hand(app)
    hand.enrol()
    (job_id,) = hand.claim()
    hand.strand(job_id)
    report = inspection.server(app)
    app.close()
    warnings = {one.subject: one for one in report.findings}
    assert {one.level for one in report.findings} == {Level.WARNING}
    assert set(warnings) == {"eviction", "persistence", "queue default"}
    assert "allkeys-lru" in warnings["eviction"].problem
    assert "noeviction" in warnings["eviction"].fix
    assert "appendonly yes" in warnings["persistence"].fix
    assert "1 job is set aside: no worker of this queue knows" in warnings["queue default"].problem


def test_a_durable_server_has_no_warning(make_server: MakeServer) -> None:
    server = make_server(appendonly="yes", appendfsync="always")
    app = make_app(server.url)
    report = inspection.server(app)
    app.close()
    assert report.findings == []


@pytest.mark.parametrize(
    ("fields", "level", "problem", "fix"),
    [
        ({"maxmemory": "100", "used_memory": "91"}, "warning", "91% of maxmemory is used", "free"),
        ({"maxmemory": "100", "used_memory": "90"}, "", "", ""),
        ({"maxmemory": "0", "used_memory": "91"}, "", "", ""),
        ({"maxmemory_policy": "volatile-lru"}, "warning", "volatile-lru", "noeviction"),
        ({"aof_enabled": "0"}, "warning", "no append-only file", "CONFIG SET appendonly yes"),
        ({"fsync": "no"}, "warning", "appendfsync no", "everysec, or always"),
        ({"fsync": "everysec"}, "info", "the last second or two", ""),
        ({"aof_last_write_status": "err"}, "warning", "its disk failed", "room on its disk"),
        ({"rdb_last_bgsave_status": "err"}, "warning", "its disk failed", "room on its disk"),
    ],
)
def test_each_weakness_of_a_server_is_a_finding_with_its_cure(
    fields: dict[str, str], level: str, problem: str, fix: str
) -> None:
    healthy = {"redis_version": "8.6.0", "aof_enabled": "1", "maxmemory_policy": "noeviction"}
    given = {**healthy, **fields}
    config: list[Any] = ["appendfsync", fields.get("fsync", "always")]
    info = make_server_info(given, [one.encode() for one in config])
    found = [*_of_memory(info, given), *_of_persistence(info, given)]
    assert [str(one.level) for one in found] == ([level] if level else [])
    for one in found:
        assert problem in (one.problem if isinstance(one, Finding) else one.text)
        assert fix in (one.fix if isinstance(one, Finding) else "")


def test_dead_jobs_and_queues_without_workers_are_findings(app: StreamQ) -> None:
    hand = Hand(app)
    job = app.tasks["shop.add"].delay(1)
    found = [one for one in inspection.server(app).findings if one.subject == "queue default"]
    assert [one.problem for one in found] == ["1 job is pending and no worker serves it"]
    assert found[0].fix == "streamq -A APP worker -Q default"
    hand.enrol()
    hand.claim()
    hand.fail(job.id, ValueError("no"))
    found = [one for one in inspection.server(app).findings if one.subject == "queue default"]
    assert [one.problem for one in found] == ["1 job is dead"]
    assert "streamq inspect dead -q default" in found[0].fix


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"redis_version": "6.2.14"}, "upgrade the server"),
        ({"redis_version": "7.0.15"}, "upgrade to 7.2.11"),
        ({"redis_version": "7.4.5"}, "upgrade to 7.4.6"),
        ({"redis_version": "7.4.6"}, ""),
        ({"redis_version": "8.6.0"}, ""),
        ({"redis_version": "7.2.4", "valkey_version": "8.0.1"}, "upgrade to 8.0.6"),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.0"}, ""),
    ],
)
def test_versions_with_known_holes_are_named(fields: dict[str, str], said: str) -> None:
    found = list(_of_version(make_server_info(fields, None)))
    assert [isinstance(one, Finding) and one.fix.startswith(said) for one in found] == (
        [True] if said else []
    )
    assert bool(too_old(make_server_info(fields, None))) is (said == "upgrade the server")


@pytest.mark.parametrize(
    ("version", "executable", "level"),
    [
        ("7.0.15", "/usr/bin/redis-check-rdb", "info"),  # Debian's and Ubuntu's: mended or not?
        ("7.0.15", "/usr/local/bin/redis-server", "warning"),  # built, or an image: as published
        ("7.0.15", "", "warning"),
        ("7.4.5", "/usr/bin/redis-server", "warning"),  # no distribution keeps that number
    ],
)
def test_a_number_that_a_distribution_keeps_is_no_finding(
    version: str, executable: str, level: str
) -> None:
    info = make_server_info({"redis_version": version}, None)
    (found,) = _of_version(info, executable)
    assert (str(found.level), hasattr(found, "fix")) == (level, level == "warning")


def test_reading_starts_no_embedded_server(tmp_path: Path) -> None:
    app = make_app(f"embedded://{tmp_path}/data")
    with pytest.raises(BrokerUnavailable, match="Nothing is running here"):
        inspection.queues(app)
    assert not (tmp_path / "data").exists()
