"""One `.delay()` makes one run, whatever is lost on the way, and however quick the worker is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from streamq import StreamQ
from streamq.scripts import load
from streamq.worker import Worker
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, script
from tests.servers import Server
from tests.waiting import wait_until

HARMS = sorted(set(Harm) - {Harm.ANSWER}, key=lambda harm: harm.name)


class Running:
    """A worker on a thread of its own; every run is written down."""

    def __init__(self, server: Server) -> None:
        self.runs: list[int] = []
        self.app = StreamQ("one", broker=server.url)
        self.app.task(name="one.mark")(self._mark)
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _mark(self, number: int) -> int:
        self.runs.append(number)
        return number

    def _work(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await Worker(self.app, threads=2).serve(self._stop)
        await self.app.client.aclose()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self.app.client.close()


@pytest.fixture
def running(server: Server) -> Iterator[Running]:
    worker = Running(server)
    yield worker
    worker.end()


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.name)
def test_one_delay_is_one_run(
    running: Running, server: Server, make_proxy: Callable[..., Proxy], harm: Harm
) -> None:
    proxy = make_proxy(server)
    producer = StreamQ("one", broker=proxy.url, enqueue_timeout=4)
    mark = producer.task(name="one.mark")(lambda number: number)
    mark.delay(0)  # the connection is made
    server.admin.script_load(load("put").source)
    fault = proxy.add(
        Fault(script("put", "enqueue"), harm, seconds=2.5)
    )  # past the first attempt's time
    job = mark.delay(1)
    assert fault.fired == 1
    assert job.get(timeout=10) == 1
    producer.client.close()
    assert sorted(running.runs) == [0, 1]


def test_a_job_that_ended_before_its_call_is_repeated_runs_once(
    running: Running, server: Server, make_proxy: Callable[..., Proxy]
) -> None:
    proxy = make_proxy(server)
    producer = StreamQ("one", broker=proxy.url, enqueue_timeout=8)
    mark = producer.task(name="one.mark")(lambda number: number)
    mark.delay(0)
    server.admin.script_load(load("put").source)
    proxy.add(Fault(script("put", "enqueue"), Harm.SWALLOW))
    caller = threading.Thread(target=mark.options(ignore_result=True).delay, args=(1,))
    caller.start()
    counts = running.app.keys("default").key("counts")
    wait_until(lambda: server.admin.hget(counts, "succeeded") == b"2", "the worker to be done")
    assert caller.is_alive()  # it still waits for its answer
    caller.join(15)
    producer.client.close()
    wait_until(lambda: proxy.count("EVALSHA") + proxy.count("EVAL") >= 3, "the repeated call")
    assert running.runs == [0, 1]
