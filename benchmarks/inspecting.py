"""What looking costs with a million jobs waiting: each form of `streamq inspect`.

`python -m benchmarks.inspecting` takes a minute or two; `--jobs 20000` shows that it works. Each
form is called in this process, as the command line does after its interpreter has started: from
the words that were typed to the text that is printed. The median of some calls is given.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.server import Server, machine
from streamq import StreamQ, operations
from streamq.cli import main as streamq
from streamq.keys import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS, CALLS, DEAD = 1_000_000, 5, 10_000
BUDGET_MS = 150.0


def fill(app: StreamQ, jobs: int) -> dict[str, str]:
    """That many jobs that wait, some that are scheduled, dead and ended; ids of some of them."""
    add = app.task(name="shop.add")(_add)
    dead = add.delay_many([(n,) for n in range(min(DEAD, jobs))])
    bury(app, [job.id for job in dead])
    add.options(countdown=3600).delay_many([(n,) for n in range(1000)])
    waiting = add.delay_many([(n,) for n in range(jobs)])
    found = {"first": waiting[0].id, "last": waiting[-1].id, "dead": dead[0].id}
    running = claim(app, 100)
    done = [operations.Ack(i, token, "shop.add", "none", 5, 0) for token, i in running[:50]]
    keys = app.keys("default")
    app.client.run(operations.ack(keys, worker="w", seq=10**6, jobs=done))
    token, found["parent"] = running[60]
    children = [f"{job.id} shop.add".encode() for job in waiting[:200]]
    said = operations.Said(found["parent"], token, 1, 60_000, children)
    app.client.run(operations.append(keys, trail="children", jobs=[said]))
    return found


def _add(x: int) -> int:
    return x


def claim(app: StreamQ, limit: int) -> list[tuple[str, str]]:
    """Token and id of jobs that a worker has now."""
    claim.count += 1  # type: ignore[attr-defined]
    token = f"{claim.count:032x}"  # type: ignore[attr-defined]
    call = operations.claim(
        app.keys("default"),
        worker="w",
        token=token,
        lease_ms=600_000,
        limit=limit,
        result_ttl_ms=1000,
    )
    return [(token, job.id) for job in app.client.run(call).jobs]


claim.count = 0  # type: ignore[attr-defined]


def bury(app: StreamQ, ids: list[str]) -> None:
    """All of these, which are first in their queue."""
    keys, queue = app.keys("default"), registry(app.namespace)
    app.client.command("SADD", queue, "default", key=queue)
    info = operations.register(
        keys, worker="w", alive_ms=3_600_000, info="{}", tasks={"shop.add": "{}"}
    )
    app.client.run(info)
    try:
        _add("no number" / 2)  # type: ignore[operator]
    except TypeError as error:
        failure = app.codec.encode_exception(error)
    for seq in range(1, 1 + -(-len(ids) // 200)):
        jobs = [
            operations.Burial(i, token, "shop.add", "failed", 3, failure)
            for token, i in claim(app, 200)
        ]
        app.client.run(operations.bury(keys, worker="w", seq=seq, jobs=jobs))


def forms(ids: dict[str, str]) -> Iterator[list[str]]:
    """What is typed."""
    yield []
    for what in ("pending", "waiting", "scheduled", "parked", "running", "ended", "dead"):
        yield [what]
    yield from (["workers"], ["schedules"], ["limits"], ["dead", "--groups"])
    for which in ids.values():
        yield ["job", which]
    yield ["--task", "shop.none"]
    yield ["waiting", "--arg", "x=7"]
    yield ["dead", "--error", "nobody"]
    yield from (["waiting", "--tag", "eu"], ["ended", "--tag", "eu"], ["--since", "1h"])
    yield ["waiting", "--limit", "200"]


def taken_ms(url: str, words: list[str]) -> float:
    """One call, from words to text."""
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = streamq(["inspect", *words, "--broker", url])
    taken = (time.perf_counter() - began) * 1000
    if code:
        sys.exit(out.getvalue())
    return taken


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and say whether all is within the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS, help="that wait")
    options = parser.parse_args(argv)
    slow = 0
    with Server() as server:
        app = StreamQ("bench", broker=server.url)
        ids = fill(app, options.jobs)
        print(f"{machine()}; {options.jobs:,} jobs wait")
        for words in forms(ids):
            taken = median(taken_ms(server.url, words) for _ in range(CALLS))
            slow += taken > BUDGET_MS
            mark = "" if taken <= BUDGET_MS else f"  over {BUDGET_MS:g} ms"
            print(f"{taken:8.1f} ms  inspect {' '.join(words)}{mark}")
        app.close()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
