"""Row 5: the primary dies while its replica lags, and sentinels elect the replica.

What `durability="replica:1"` confirmed must be done; workers and producers go on by themselves. The
replica is stopped before the primary dies, so that some of what was sent never reached it.
"""

from __future__ import annotations

import threading
import time

import redis

from streamq import StreamQ
from streamq.errors import BrokerRefused, BrokerUnavailable, EnqueueUncertain
from tests.client.test_durability import follow
from tests.client.test_sentinel import can_be_reached, knows_a_replica, watch
from tests.faults import storm_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.waiting import wait_until

WRITABLE_S = 3.0  # after the election
LEAST = 30  # confirmed before anything happens
BUSY_S = 2.0  # a busy machine's; what was measured is printed


class Sender(threading.Thread):
    """Enqueues until told to end; what was confirmed is kept apart."""

    def __init__(self, url: str, first: int, durability: str | None) -> None:
        super().__init__(daemon=True)
        self.confirmed: dict[str, int] = {}
        self.confirmed_at: list[float] = []
        self.uncertain: dict[str, int] = {}
        self.over = threading.Event()
        self._first = first
        self._app = StreamQ("sender", broker=url, enqueue_timeout=1.0, durability=durability)

    def run(self) -> None:
        number, queue = self._first, storm_app.app.conf.default_queue
        while not self.over.is_set():
            try:
                job = self._app.send_task(storm_app.plain.name, (number,), queue=queue)
            except EnqueueUncertain as doubt:
                self.uncertain[doubt.job_ids[0]] = number
            except (BrokerUnavailable, BrokerRefused):
                time.sleep(0.05)
            else:
                self.confirmed[job.id] = number
                self.confirmed_at.append(time.monotonic())
            number += 1
            time.sleep(0.002)
        self._app.runtime.close()


def attack(ground: Ground, *, stall_s: float) -> None:
    old, new = ground.server(tcp=True), ground.server(tcp=True)
    follow(new, old)
    port = watch(old.nodes[0].port, ground.ends)
    wait_until(lambda: can_be_reached(port), "the sentinel to start", 10)
    sentinel = redis.Redis(port=port, protocol=2, decode_responses=True)
    ground.ends.callback(sentinel.close)
    sentinel.execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", 100)  # type: ignore[no-untyped-call]
    wait_until(lambda: knows_a_replica(sentinel), "the sentinel to know the replica", 25)
    url = f"redis+sentinel://127.0.0.1:{port}/mymaster/0"
    field = Field(ground, old, storm_app.app, "tests.faults.storm_app", broker=url)
    worker = field.start("-c", "8")
    field.registered(1)
    process = worker.worker_pid
    senders = [Sender(url, 0, "replica:1"), Sender(url, 10**6, None)]
    for sender in senders:
        sender.start()
        ground.ends.callback(sender.over.set)
    wait_until(lambda: len(senders[0].confirmed) > LEAST, "some to be confirmed", 30)
    time.sleep(ground.random.uniform(0.1, 1.0))
    new.pause()
    time.sleep(ground.random.uniform(0, stall_s))
    old.kill()
    new.resume()
    wait_until(lambda: _is_primary(new.admin), "an election", 30)
    elected = time.monotonic()
    plain = senders[1]
    wait_until(
        lambda: plain.confirmed_at and plain.confirmed_at[-1] > elected,
        "an enqueue on the new primary",
        15,
    )
    writable_s = next(at for at in plain.confirmed_at if at > elected) - elected
    time.sleep(0.3)
    for sender in senders:
        sender.over.set()
        sender.join(15)
    field.server = new
    field.app.runtime.restart()
    field.app.conf.broker = new.url
    _judge(ground, field, senders, writable_s)
    ground.figures.expect(worker.worker_pid == process, "the worker's process ended")
    field.stop()
    ground.audit(new)


def _is_primary(admin: redis.Redis) -> bool:
    try:
        return bool(admin.info("replication")["role"] == "master")
    except redis.ConnectionError:  # it hangs up on all when it is elected
        return False


def _judge(ground: Ground, field: Field, senders: list[Sender], writable_s: float) -> None:
    figures, (safe, plain) = ground.figures, senders
    field.wait(field.is_empty, "all to be done", 40)
    done = {job for job, (kind, _) in field.outcomes(safe.confirmed).items() if kind == "ok"}
    figures.expect_same(done, set(safe.confirmed), "confirmed jobs that were done")
    figures.measure(writable_s=writable_s)
    late = writable_s > WRITABLE_S + BUSY_S
    figures.expect(not late, f"writable {writable_s:.1f} s after the election")
    others = {job for job, (kind, _) in field.outcomes(plain.confirmed).items() if kind == "ok"}
    figures.add(failovers=1, confirmed=len(safe.confirmed))
    figures.add(confirmed_lost=len(set(safe.confirmed) - done))
    figures.add(uncertain=len(safe.uncertain))
    figures.add(without_durability=len(plain.confirmed))
    figures.add(of_these_lost=len(plain.confirmed) - len(others))
    figures.expect(len(safe.confirmed) > 10, "next to nothing was confirmed")


ROW = Row(
    5,
    "the primary dies while its replica lags",
    attack,
    small={"stall_s": 0.6},
    large={"stall_s": 1.5},
    rounds=20,
)
