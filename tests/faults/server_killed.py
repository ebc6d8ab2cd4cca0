"""Row 3: the server dies by SIGKILL while jobs are enqueued and run; it logs each write at once.

What `.delay()` confirmed must be done, no worker may exit, and they must claim again within two
seconds of the server.
"""

from __future__ import annotations

import threading
import time

from streamq import StreamQ
from streamq.errors import BrokerUnavailable, EnqueueUncertain
from tests.faults import storm_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.journal import read
from tests.servers import Server

CLAIMS_AGAIN_S = 2.0
BUSY_S = 1.0  # a busy machine's; what was measured is printed


class Producer(threading.Thread):
    """Enqueues without a pause, and keeps what was confirmed apart from what wasn't."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.confirmed: dict[str, int] = {}
        self.confirmed_at: dict[str, float] = {}  # monotonic
        self.uncertain: dict[str, int] = {}
        self.refused = 0
        self.over = threading.Event()
        self._app = StreamQ("producer", broker=server.url, enqueue_timeout=0.4)
        self._app.conf.default_queue = storm_app.app.conf.default_queue

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            try:
                job = self._app.send_task(storm_app.plain.name, (number,))
            except EnqueueUncertain as doubt:
                self.uncertain[doubt.job_ids[0]] = number
            except BrokerUnavailable:
                self.refused += 1
            else:
                self.confirmed[job.id] = number
                self.confirmed_at[job.id] = time.monotonic()
            number += 1
            time.sleep(0.002)
        self._app.runtime.close()


def attack(ground: Ground, *, kills: int) -> None:
    server = ground.server(appendonly="yes", appendfsync="always")
    field = Field(ground, server, storm_app.app, "tests.faults.storm_app")
    workers = [field.start("-c", "8", "--async-concurrency", "8") for _ in range(2)]
    field.registered(2)
    processes = [worker.worker_pid for worker in workers]
    producer = Producer(server)
    producer.start()
    ground.ends.callback(producer.over.set)
    for _ in range(kills):
        time.sleep(ground.random.uniform(0.3, 1.0))
        server.kill()
        time.sleep(ground.random.uniform(0.05, 1.2))
        server.start()
        ground.figures.measure(claims_again_s=_claims_again(field))
        ground.snapshot(server, field.keys)
    time.sleep(0.3)
    producer.over.set()
    producer.join(10)
    field.wait(field.is_empty, "all to be done", 60)
    same = [worker.worker_pid for worker in workers] == processes
    ground.figures.expect(same, "a worker process ended")
    limit = CLAIMS_AGAIN_S + BUSY_S
    again = ground.figures.worst["claims_again_s"]
    ground.figures.expect(again < limit, f"claims again only after {again:.1f} s")
    _judge(ground, field, producer)
    field.stop()
    ground.audit(server)


def _claims_again(field: Field) -> float:
    """Seconds until a job that was enqueued now has begun."""
    began = time.monotonic()
    number = -1 - len(list(read(field.folder)))
    storm_app.plain.delay(number)
    field.wait(lambda: field.runs()[number], "a claim", 20)
    return time.monotonic() - began


def _judge(ground: Ground, field: Field, producer: Producer) -> None:
    figures, ids = ground.figures, {*producer.confirmed, *producer.uncertain}
    done = {job for job, (kind, _) in field.outcomes(ids).items() if kind == "ok"}
    confirmed = set(producer.confirmed)
    figures.expect_same(done & confirmed, confirmed, "confirmed jobs that were done")
    figures.add(confirmed=len(confirmed), confirmed_lost=len(confirmed - done))
    figures.add(uncertain=len(producer.uncertain), of_these_there=len(done - confirmed))
    figures.add(never_sent=producer.refused)
    figures.expect(len(confirmed) > 100, "next to nothing was enqueued")


ROW = Row(
    3,
    "SIGKILL of a server that logs each write at once",
    attack,
    small={"kills": 3},
    large={"kills": 10},
    rounds=5,
)
