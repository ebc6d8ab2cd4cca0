"""Row 12: the server away, hanging and slow, for shorter and longer than the lease.

Meanwhile workers cost next to nothing and say so in one line; afterwards they go on at once, no job
that runs has been taken away, and no crash was counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.outage_app import app, long
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm

LEASE_S = 2.0  # of the application
CPU_MOST = 0.05  # of a core, supervisor and worker together
CPU_AT_FIRST = 0.1
RARE_AFTER_S = 20.0
AGAIN_S = 5.0
SLOW_S = 0.3
NOTICED_AFTER_S = {"away": 4.0, "half-open": 12.0, "slow": 0.0}  # a call has five seconds
TICKS = os.sysconf("SC_CLK_TCK")


def _slow(proxy: Proxy) -> None:
    proxy.add(Fault(lambda _: True, Harm.DELAY, times=10**9, seconds=SLOW_S))


# How it begins, how it ends, and whether workers are to notice that it is gone.
OUTAGES: dict[str, tuple[Callable[[Proxy], None], Callable[[Proxy], None], bool]] = {
    "away": (Proxy.down, Proxy.up, True),
    "half-open": (Proxy.pause, Proxy.resume, True),
    "slow": (_slow, Proxy.heal, False),
}


def attack(ground: Ground, *, gaps_s: Mapping[str, tuple[float, ...]]) -> None:
    """Each outage for each of its times; a job runs from before it to after it."""
    server = ground.server()
    proxy = ground.proxy(server)
    field = Field(ground, server, app, "tests.faults.outage_app", broker=proxy.url)
    worker = field.start("-c", "4", "--async-concurrency", "4")
    field.registered(1)
    jobs: set[str] = set()
    number = 0
    for what, (begin, stop, is_noticed) in OUTAGES.items():
        for gap_s in gaps_s[what]:
            number += 1
            jobs.add(long.delay(number, gap_s + 1.0).id)
            field.wait(lambda n=number: field.runs()[n], "a job to run")  # type: ignore[misc]
            said = len(worker.log)
            begin(proxy)
            pids = [worker.pid, *worker.worker_pids]
            cpu, at = _cpu_s(pids), time.monotonic()
            time.sleep(gap_s)
            share = (_cpu_s(pids) - cpu) / (time.monotonic() - at)
            if gap_s > 2:
                ground.figures.measure(**{f"cpu_share_{what.replace('-', '_')}": share})
                most = CPU_MOST if gap_s > RARE_AFTER_S else CPU_AT_FIRST
                ground.figures.expect(share < most, f"{what}: {share:.1%} of a core")
            stop(proxy)
            again = _works_again(field, jobs, 1000 + number)
            ground.figures.measure(again_s=again)
            ground.figures.expect(again < AGAIN_S, f"{what}: claims only {again:.1f} s later")
            must = is_noticed and gap_s > NOTICED_AFTER_S[what]
            _judge_log(ground, f"{what} for {gap_s} s", worker.log[said:], must=must)
            ground.figures.add(outages=1)
    field.wait(field.is_empty, "all to end")
    field.expect_all_done(jobs)
    runs = field.runs()
    ground.figures.expect(set(runs.values()) == {1}, f"ran more than once: {runs}")
    for name in ("crashed", "reclaimed", "died"):
        ground.figures.expect(not field.counts().get(name), f"{name}: {field.counts().get(name)}")
    field.stop()
    ground.audit(server)


def _works_again(field: Field, jobs: set[str], number: int) -> float:
    began = time.monotonic()
    jobs.add(long.delay(number, 0).id)
    field.wait(lambda: field.runs()[number], "a claim")
    return time.monotonic() - began


def _judge_log(ground: Ground, what: str, log: str, *, must: bool) -> None:
    """One line for the loss and one for the recovery; none where it was over before."""
    lost, back = log.count("the server is lost"), log.count("the server is back")
    good = lost == back == 1 or (lost == back == 0 and not must)
    ground.figures.expect(good, f"{what}: {lost} lost, {back} back: {log}")
    ground.figures.expect("Traceback" not in log, f"{what}: {log[-500:]}")


def _cpu_s(pids: list[int]) -> float:
    """Of these processes, so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


ROW = Row(
    12,
    "the server away, half-open and slow",
    attack,
    small={"gaps_s": {"away": (1.0, 60.0), "half-open": (1.0, 5.0), "slow": (3.0,)}},
    large={"gaps_s": {"away": (1.0, 5.0, 60.0), "half-open": (1.0, 5.0, 60.0), "slow": (30.0,)}},
    rounds=5,
)
