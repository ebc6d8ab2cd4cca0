"""A server that goes away, forgets or loses replies is weather: a worker waits, and goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, script
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import Rig

MakeRig = Callable[..., Rig]
MakeProxy = Callable[..., Proxy]


@pytest.mark.parametrize("verb", ["claim", "ack", "retry", "bury"])
@pytest.mark.parametrize("harm", [Harm.DROP_REPLY, Harm.CLOSE_BEFORE, Harm.CUT_REPLY])
def test_a_lost_reply_changes_nothing_that_is_counted(
    server: Server, make_proxy: MakeProxy, make_rig: MakeRig, verb: str, harm: Harm
) -> None:
    proxy = make_proxy(server)
    direct = make_rig(server)
    rig = make_rig(server, broker=proxy.url)
    fault = proxy.add(Fault(script(verb), harm, times=2))
    rig.work()
    jobs = [direct.send("flaky", failures) for failures in (0, 1, 5)]
    assert jobs[0].get(timeout=10) == 1
    assert jobs[1].get(timeout=10) == 2
    with pytest.raises(ValueError, match="attempt 3"):
        jobs[2].get(timeout=10)
    assert [len(direct.runs(job)) for job in jobs] == [1, 2, 3]
    assert fault.fired == 2
    counts = direct.counts()
    assert (counts["succeeded"], counts["retried"], counts["died"]) == (2, 3, 1)


def test_a_lease_that_ends_with_a_late_answer_is_not_said_to_be_lost(
    server: Server,
    make_proxy: MakeProxy,
    make_rig: MakeRig,
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy = make_proxy(server)
    rig = make_rig(server, broker=proxy.url, lease=1)  # renewed three times a second
    rig.work()
    assert rig.send("add", 1, 2).get(timeout=5) == 3
    late = proxy.add(Fault(script("ack"), Harm.DELAY, seconds=0.7))
    job = rig.send("add", 3, 4)
    assert job.get(timeout=5) == 7  # the server has the outcome, the worker doesn't know that
    time.sleep(1.9)
    assert late.fired == 1
    assert "was lost" not in caplog.text
    assert len(rig.runs(job)) == 1


def test_an_outcome_outlives_an_outage(
    server: Server,
    make_proxy: MakeProxy,
    make_rig: MakeRig,
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy = make_proxy(server)
    direct = make_rig(server)
    rig = make_rig(server, broker=proxy.url, lease=30, enqueue_timeout=0.5)
    here = rig.work()
    job = direct.send("sleep", 0.5)
    direct.began(job)
    with caplog.at_level(logging.INFO, "streamq.worker"):
        proxy.down()
        time.sleep(2.5)
        proxy.up()
        assert job.get(timeout=5) == "slept"
        assert direct.send("add", 1, 2).get(timeout=5) == 3
    here.stop()
    said = [record.message for record in caplog.records]
    assert sum("the server is lost" in line for line in said) == 1
    assert sum("the server is back" in line for line in said) == 1
    assert len(direct.runs(job)) == 1


def test_after_a_restart_of_the_server_jobs_run_again_within_five_seconds(
    make_server: Callable[..., Server], make_rig: MakeRig
) -> None:
    server = make_server(appendonly="yes", appendfsync="always")
    rig = make_rig(server, lease=30)
    rig.work()
    assert rig.send("add", 1, 2).get(timeout=5) == 3
    server.kill()
    time.sleep(1.0)
    server.start()
    back = time.monotonic()
    assert rig.send("add", 3, 4).get(timeout=5) == 7
    assert time.monotonic() - back < 5


@pytest.mark.parametrize(
    "harm",
    [
        lambda admin: admin.flushall(),
        lambda admin: admin.script_flush(),
        lambda admin: admin.xgroup_destroy("sq:{streamq:default}:stream", "workers"),
        lambda admin: admin.client_kill_filter(_type="normal", skipme=True),
    ],
    ids=["flushall", "script flush", "lost group", "connections killed"],
)
def test_what_the_server_forgets_is_made_again(rig: Rig, harm: Callable[[Any], object]) -> None:
    rig.work()
    assert rig.send("add", 1, 2).get(timeout=5) == 3
    harm(rig.server.admin)
    assert rig.send("add", 3, 4).get(timeout=5) == 7


def test_a_server_that_lost_what_it_had_confirmed_is_found_out(
    server: Server,
    make_proxy: MakeProxy,
    make_rig: MakeRig,
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy = make_proxy(server)
    direct = make_rig(server)
    rig = make_rig(server, broker=proxy.url)
    here = rig.work()
    for _ in range(3):
        assert direct.send("add", 1, 2).get(timeout=5) == 3
    proxy.drop_connections()
    assert direct.send("add", 1, 2).get(timeout=5) == 3
    assert "has lost writes" not in caplog.text
    name = here.worker.name
    server.admin.hset(direct.app.keys("default").key("replies"), name, "2 OK*1")  # as it once was
    proxy.drop_connections()
    assert direct.send("add", 1, 2).get(timeout=5) == 3
    assert caplog.text.count("has lost writes that it had confirmed: it knows of call 2") == 1


def test_after_a_flushall_the_worker_is_listed_again(rig: Rig) -> None:
    rig.work()
    rig.server.admin.flushall()
    wait_until(rig.workers, "the worker to be registered again", 12)
    assert rig.server.admin.sismember("sq:streamq:queues", "default")


def test_a_pause_of_the_server_longer_than_the_lease_takes_no_job_away(rig: Rig) -> None:
    rig.work()
    job = rig.send("sleep", 3.0)
    rig.began(job)
    rig.server.pause()
    time.sleep(1.5)
    rig.server.resume()
    assert job.get(timeout=10) == "slept"
    assert len(rig.runs(job)) == 1


def test_an_idle_worker_costs_under_five_commands_a_second(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, lease=30)
    rig.work()
    time.sleep(1)
    before = _commands(server)
    time.sleep(4)
    spent = _commands(server) - before
    assert spent / 4 < 5, spent


def _commands(server: Server) -> int:
    """Commands that clients sent, without what scripts did inside."""
    stats = server.admin.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): entry["calls"] for name, entry in stats.items()}
    return sum(calls.get(name, 0) for name in ("evalsha", "eval", "blpop", "hexists", "ping"))
