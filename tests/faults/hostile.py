"""Row 16: jobs that nobody sane wrote, straight into the server's keys, among good ones.

Every good job is done, no worker process ends, and no control character or mark that turns text
around reaches a log or a terminal.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from random import Random

import msgpack

from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.outage_app import app, long
from tests.searched import ROOT
from tests.servers import Server

FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NASTY = "\x1b[31mred\x1b[0m\x07\u202edrow\u202c\x9b2J\r"
VIEWS = ("inspect", "inspect pending", "inspect dead", "inspect dead --json", "inspect ended")


def body(random: Random) -> bytes:
    """A body that no client would write; some are well-formed calls with something odd inside."""
    call = msgpack.packb([[random.randrange(9), 0.0], {}, {}])
    deep = random.choice((33, 500, 100_000))
    return random.choice(
        (
            lambda: random.randbytes(random.randrange(200)),
            lambda: call[: random.randrange(len(call))],
            lambda: b"\x91" * deep + b"\xc0",
            lambda: b"\x81\xa1k" * deep + b"\xc0",
            lambda: b"\xdd\xff\xff\xff\xff",  # an array of four billion
            lambda: b"\xdb\xff\xff\xff\xffshort",  # a text of as many bytes
            lambda: b"\xc9\xff\xff\xff\xff\x01",  # an ext of as many
            lambda: msgpack.packb(random.choice((None, 7, "text", [1], {"a": 1}, [1, 2, 3]))),
            lambda: msgpack.packb([[], {}, {"max_attempts": "many", "backoff": {"x": NASTY}}]),
            lambda: msgpack.packb([[NASTY], {NASTY: NASTY}, {"tags": [NASTY]}]),
            lambda: msgpack.packb([[msgpack.ExtType(random.randrange(128), b"x" * 20)], {}, {}]),
            lambda: pickle.dumps(os.getpid),
            lambda: json.dumps([[1, 2], {}, {}]).encode(),
            lambda: b"x" * random.choice((0, 1, 2**20)),
        )
    )()


def record(random: Random) -> bytes:
    """A whole record: its head may be as odd as its body."""
    task = random.choice(
        (*[long.name] * 6, NASTY, "t" * 5000, "", "no such task", "näm€", "a\nb", "\udcff")
    ).encode("utf-8", "surrogateescape")
    opts = random.choice(
        (b"-", b"-", b"-", b"c=many", b"x=nan,q=,,,p=99", b"u=zz:qq:rr", b"=,=", b"c")
    )
    flag = random.choice((b".", b".", b".", b"x", b"?", b""))
    where = random.choice((b"0-0", b"@5", b"&7", b"junk", b""))
    return random.choice(
        (
            *[flag + where + b" " + task + b" " + opts + b"\n" + body(random)] * 9,
            random.randbytes(random.randrange(60)),
        )
    )


def write(server: Server, field: Field, random: Random, numbers: range) -> set[str]:
    """So many hostile jobs: a record, an entry in the stream, counted as enqueued."""
    written = set()
    with server.admin.pipeline(transaction=False) as pipe:
        for number in numbers:
            tail = random.choice(("", "", "", NASTY, "~", ".default", "é"))
            job = f"hostile{number:012d}{tail}.{field.keys.queue}"
            written.add(job)
            pipe.hset(field.keys.key("jobs"), job, record(random))
            pipe.xadd(field.keys.key("stream"), {"i": job})
            pipe.hincrby(field.keys.key("counts"), "enqueued")
            if number % 200 == 0:
                pipe.execute()
        pipe.execute()
    return written


def attack(ground: Ground, *, hostile: int, good: int) -> None:
    server = ground.server()
    field = Field(ground, server, app, "tests.faults.outage_app")
    workers = [field.start("-c", "4", "--async-concurrency", "50") for _ in range(2)]
    field.registered(2)
    before = [worker.worker_pid for worker in workers]
    jobs: set[str] = set()
    written: set[str] = set()
    for part in range(10):
        odd = range(part * hostile // 10, (part + 1) * hostile // 10)
        written |= write(server, field, ground.random, odd)
        numbers = range(part * good, (part + 1) * good)
        jobs |= {job.id for job in long.delay_many([(n, 0) for n in numbers[: good // 10]])}
    field.wait(lambda: _done(field, jobs), "the good jobs", 30 + hostile / 100)
    field.wait(lambda: not field.counts()["waiting"], "the others to be looked at", 60)
    ground.figures.add(hostile=len(written), good=len(jobs), dead=field.counts()["dead"])
    after = [worker.worker_pid for worker in workers]
    ground.figures.expect(before == after, f"a worker process ended: {field.logs[-1500:]}")
    for view in VIEWS:
        _look(ground, field, view.split())
    for job in ground.random.sample(sorted(written), 3):
        _look(ground, field, ["inspect", "job", "--", job])
    field.stop()
    for worker in workers:
        _check_text(ground, "the log", worker.log)


def _done(field: Field, jobs: set[str]) -> bool:
    return sum(kind == "ok" for kind, _ in field.outcomes(jobs).values()) == len(jobs)


def _look(ground: Ground, field: Field, view: list[str]) -> None:
    """What the command shows of them."""
    said = subprocess.run(
        [sys.executable, "-m", "streamq.cli", "-b", field.server.url, *view],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    ground.figures.add(views=1)
    error = said.stderr.decode(errors="replace")
    of_a_tail = "not a job id" in error or "Nobody knows job" in error  # it names another queue
    fine = said.returncode == 0 or of_a_tail
    ground.figures.expect(fine, f"{view}: {said.returncode}, {error[-600:]}")
    _check_text(ground, " ".join(view), said.stdout.decode(errors="replace") + error)


def _check_text(ground: Ground, what: str, text: str) -> None:
    found = FORBIDDEN.search(text)
    around = text[max(0, found.start() - 60) : found.end() + 20] if found else ""
    ground.figures.expect(not found, f"{what} has {found and found[0]!r} in {around!r}")


ROW = Row(
    16,
    "hostile jobs written straight into the server",
    attack,
    small={"hostile": 1000, "good": 100},
    large={"hostile": 10_000, "good": 500},
    rounds=3,
)
