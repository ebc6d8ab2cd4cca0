"""Every command over what nobody sane wrote into the keys: short answers, safe to show."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgpack
import pytest

from streamq import StreamQ
from tests.cli.conftest import Answer, Cli
from tests.faults.hostile import FORBIDDEN, NASTY, body, record
from tests.inspection.hand import Hand
from tests.servers import Server

CONFIGURATION = 78  # a script met what can't be in its keys, and changed nothing
HEAD = "0Abcdefghijklmnop"  # of an id, with a number behind it
STATES = (
    *("R 1 0 1-1 token 5", "R x y 1-1 token z", "D 1 0 9 failed", f"D 1 0 9 {NASTY}", "D"),
    *("W 1 0 1-1 due", "S 1 0 99 retry", "N 1 0 1-1 nobody", "P 1 0 &7 ", "B 1 0 1-1 crashed"),
    *("H 0 0 0 heir", "", "?", f"{NASTY} 1 2 3 4", "R 1 0 1-1", "S 1 0 soon retry"),
)
VIEWS = (
    *("", "pending", "waiting", "scheduled", "parked", "running", "ended", "dead", "workers"),
    *("schedules", "limits"),
)
FILTERS = ("--task", "--tag", "--error", "--arg")


@pytest.fixture
def ids(app: StreamQ, hand: Hand, server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of hostile jobs in every place, beside a good one that waits."""
    monkeypatch.setenv("STREAMQ_BROKER_URL", server.url)
    app.tasks["shop.add"].delay(1)
    random, keys, found = Random(26), hand.keys, []
    for n, state in enumerate(STATES):
        job = f"{HEAD}{n:04d}.default"
        found.append(job)
        server.admin.hset(keys.key("jobs"), job, record(random))
        server.admin.hset(keys.key("state"), job, state)
        server.admin.hincrby(keys.key("counts"), "enqueued")
        server.admin.xadd(keys.key("stream"), {"i": job})
        _strew(random, server, hand, job, n)
    for line in (NASTY, f"{found[0]} ok x y z", f"{found[1]} {NASTY} 1 1 1 {NASTY}"):
        for key in (keys.ended("shop.add"), keys.key("dropped")):
            server.admin.rpush(key, line)
    server.admin.hset(keys.key("policy"), NASTY, NASTY)
    server.admin.hset(keys.key("worker_info"), NASTY, "{")
    server.admin.zadd(keys.key("workers"), {NASTY: 9e12})
    server.admin.hset(keys.key("limits"), f"pause lane {NASTY}", f"5 {NASTY}")
    server.admin.hset(keys.key("limits"), f"{NASTY}/rate", NASTY)
    server.admin.hset(keys.key("schedules"), f"shop/{NASTY}", NASTY)
    server.admin.hset(keys.key("schedule_state"), f"shop/{NASTY}", NASTY)
    return found


def _strew(random: Random, server: Server, hand: Hand, job: str, n: int) -> None:
    """Its id in the sets, and odd values in the hashes, that stand beside a record."""
    for name in ("scheduled", "dead", "returned", "stranded"):
        member = f"t {job}" if name == "stranded" else job
        server.admin.zadd(hand.keys.key(name), {member: n})
    runs = [[b"1", NASTY.encode(), NASTY.encode(), b"5", b"9", body(random)[:200]]]
    for name, value in (
        ("errors", random.choice((body(random), b"!" + msgpack.packb(runs), b"!" + body(random)))),
        ("progress", random.choice((body(random), msgpack.packb([NASTY, NASTY, NASTY])))),
        ("checkpoints", body(random)),
    ):
        server.admin.hset(hand.keys.key(name), job, value)
    if n % 3 == 0:
        outcome = random.choice(
            (f"ok 5 1 3 {NASTY}@{NASTY}\n", "ok x y z t\n", NASTY, "ok 5 1 3 t\n")
        )
        server.admin.hset(hand.keys.key("results"), job, outcome.encode() + body(random))
    for kind in ("log", "children"):
        trail = hand.keys.trail(kind, job)
        server.admin.xadd(trail, {"t": "run", "n": "1", "b": NASTY} if n % 2 else {NASTY: NASTY})
        server.admin.expire(trail, 600)


def fine(answer: Answer, *words: str) -> None:
    refused = "Keys changed by hand, or a bug: `streamq check --audit`" in answer.err
    assert answer.code in {0, 1, 2} or (answer.code == CONFIGURATION and refused), (words, answer)
    for text in (answer.out, answer.err):
        assert "Traceback" not in text, (words, answer)
        assert "a bug of streamq" not in text, (words, answer)
        assert not FORBIDDEN.search(text), (words, FORBIDDEN.search(text), text)
    if answer.code:
        assert len(answer.err.splitlines()) <= 6, (words, answer)


def looks(ids: list[str]) -> Iterator[list[str]]:
    for view in VIEWS:
        for more in ([], ["--json"]):
            yield ["inspect", *view.split(), *more]
    for view in ("pending", "dead", "ended"):
        for option in FILTERS:
            value = "x=1" if option == "--arg" else "x"
            yield ["inspect", view, option, value, "--all"]
    for job in ids:
        yield ["inspect", "job", job]
    yield from (["stats"], ["stats", "--json"], ["metrics", "--once"], ["limit", "list"])
    yield from (["schedule", "list"], ["check"], ["check", "--audit"], ["check", "--json"])


def acts(ids: list[str]) -> Iterator[list[str]]:
    some = [ids[n::6] for n in range(6)]
    yield ["job", "retry", *some[0]]
    yield ["job", "cancel", *some[1]]
    yield ["job", "delete", *some[2]]
    yield ["dead", "retry", *some[3]]
    yield ["dead", "delete", *some[4]]
    yield ["cancel", *some[5]]
    yield ["dead", "retry", "--error", "x", "--yes"]
    yield ["dead", "delete", "--task", "x", "--older-than", "1s", "--yes"]
    yield ["cancel", "--tag", "x", "--yes"]
    yield ["cancel", "--task", "shop.add", "--yes"]
    yield ["dead", "retry", "--all", "--yes", "--limit", "5"]
    yield ["dead", "delete", "--all", "--yes"]
    yield ["queue", "purge", "default", "--yes"]
    yield ["job", "retry", NASTY]
    yield ["job", "cancel", f"{HEAD}{NASTY}.default"]
    yield ["inspect", "job", NASTY]


@pytest.mark.no_audit("what stands in the keys is not by the rules")
def test_every_command_says_in_a_few_safe_lines_what_it_makes_of_them(
    cli: Cli, ids: list[str]
) -> None:
    for words in (*looks(ids), *acts(ids)):
        fine(cli(*words), *words)
