"""The server in memory answers as the real one does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from redis.exceptions import ResponseError

from streamq.client.connector import Connector
from tests.servers import Server
from tests.simulation.memory import MemoryServer
from tests.simulation.values import Failure

pytestmark = pytest.mark.no_audit("its keys are no queue's")
ROUNDS = 1500


class Commands:
    """Random commands, in each form in which a script uses them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.entry = 0

    def words(self) -> list[Any]:
        pick = self.random.choice
        made: list[Any] = pick(
            (self.on_hash, self.on_list, self.on_string, self.on_zset, self.on_stream) * 3
            + (self.on_group, self.on_group, self.on_anything)
        )()
        return made

    def some(self, low: int = 1, high: int = 3) -> list[str]:
        return self.random.choices("abcdefgh", k=self.random.randint(low, high))

    def scored(self) -> list[Any]:
        scores = ("1", "2", "-1", "1.5", "1700000000000", "+inf")
        return [part for one in self.some() for part in (self.random.choice(scores), one)]

    def on_hash(self) -> list[Any]:
        pick, some = self.random.choice, self.some
        pairs = [part for one in some() for part in (one, pick("12345"))]
        return pick(
            (
                ["HSET", "h", *pairs],
                ["HSETNX", "h", pick("abc"), "7"],
                ["HGET", "h", pick("abc")],
                ["HMGET", "h", *some()],
                ["HDEL", "h", *some()],
                ["HINCRBY", "h", pick("abc"), pick(("1", "-2"))],
                ["HEXISTS", "h", pick("abc")],
                ["HLEN", "h"],
                ["HGETALL", "h"],
                ["HVALS", "h"],
            )
        )

    def on_list(self) -> list[Any]:
        first, last = self.random.randint(-4, 4), self.random.randint(-4, 4)
        return self.random.choice(
            (
                ["LPUSH", "l", *self.some()],
                ["LLEN", "l"],
                ["LRANGE", "l", first, last],
                ["LTRIM", "l", first, last],
            )
        )

    def on_string(self) -> list[Any]:
        pick, at = self.random.choice, self.random.randint(0, 20)
        return pick(
            (
                ["SET", "s", pick(("", "text"))],
                ["SET", "s", "text", "PX", "100000"],
                ["GET", "s"],
                ["MGET", "s", "h", "none"],
                ["SETRANGE", "s", at, "xyz"],
                ["GETRANGE", "s", at, at + 5],
                ["BITFIELD", "b", "INCRBY", "i64", f"#{at}", pick(("1", "-5"))],
                ["GETRANGE", "b", 0, 40],
            )
        )

    def on_zset(self) -> list[Any]:
        pick, some = self.random.choice, self.some
        low, high = pick(("-inf", "0", "1", "(1")), pick(("+inf", "2", "(2", "1.5"))
        first, last = pick(("[a", "(b", "-")), pick(("[c", "(f", "+"))
        return pick(
            (
                ["ZADD", "z", *self.scored()],
                ["ZADD", "z", pick(("NX", "XX", "GT", "LT")), *self.scored()],
                ["ZADD", "z", "XX", "CH", *self.scored()],
                ["ZADD", "x", *[part for one in some() for part in ("0", one)]],
                ["ZREM", pick("zx"), *some()],
                ["ZCARD", "z"],
                ["ZSCORE", "z", pick("abc")],
                ["ZMSCORE", "z", *some()],
                ["ZCOUNT", "z", low, high],
                ["ZRANGE", "z", pick((0, 1, -3)), pick((0, 2, -1)), *pick(([], ["WITHSCORES"]))],
                ["ZRANGE", "z", 0, 2, "REV"],
                ["ZRANGE", "z", low, high, "BYSCORE", "LIMIT", 0, 2, *pick(([], ["WITHSCORES"]))],
                ["ZRANGE", "x", first, last, "BYLEX", "LIMIT", pick((0, 1)), pick((2, -1))],
                ["ZLEXCOUNT", "x", first, last],
            )
        )

    def id(self) -> str:
        return f"{self.random.randint(1, self.entry + 1)}-0"

    def on_stream(self) -> list[Any]:
        pick = self.random.choice
        self.entry += 1
        bound = pick(("", "("))
        return pick(
            (
                *[["XADD", "t", f"{self.entry}-0", "i", "job"]] * 4,
                ["XADD", "t", "MAXLEN", 20, f"{self.entry}-1", "i", "job"],
                ["XLEN", "t"],
                ["XDEL", "t", self.id(), self.id()],
                ["XRANGE", "t", pick(("-", bound + self.id())), pick(("+", self.id()))],
                ["XRANGE", "t", "-", "+", "COUNT", 3],
                ["XREVRANGE", "t", "+", "-", "COUNT", 1],
                ["XTRIM", "t", "MINID", f"{max(1, self.entry - 30)}-0"],
            )
        )

    def on_group(self) -> list[Any]:
        pick, who = self.random.choice, self.random.choice(("one", "two"))
        return pick(
            (
                ["XGROUP", "CREATE", "t", "workers", "0", "MKSTREAM"],
                *[["XREADGROUP", "GROUP", "workers", who, "COUNT", 3, "STREAMS", "t", ">"]] * 4,
                ["XACK", "t", "workers", self.id(), self.id()],
                ["XCLAIM", "t", "workers", who, 0, self.id(), self.id(), "FORCE", "JUSTID"],
                ["XPENDING", "t", "workers", "-", "+", 5],
                ["XPENDING", "t", "workers", f"({self.id()}", "+", 2, who],
                ["XGROUP", "DELCONSUMER", "t", "workers", "two"],
                ["XINFO", "GROUPS", "t"],
            )
        )

    def on_anything(self) -> list[Any]:
        key = self.random.choice("hlsbzxt")
        return self.random.choice(
            (["DEL", key], ["EXISTS", key], ["TYPE", key], ["HLEN", key], ["ZCARD", key])
        )


def answered(run: Callable[[], Any]) -> Any:
    """The reply, or the first word of an error."""
    try:
        return run()
    except (ResponseError, Failure) as error:
        return str(error).removeprefix("ERR ").split(" ")[0].upper()


def alike(words: list[Any], reply: Any) -> Any:
    """What may differ is left out: the order of a hash, how long an entry was idle."""
    if words[0] in {"HGETALL", "HVALS"}:
        return sorted(reply)
    if words[0] == "XPENDING" and isinstance(reply, list):
        return [one[:2] for one in reply]
    if words[0] == "XINFO" and isinstance(reply, list):
        return [dict(zip(one[:8:2], one[1:8:2], strict=True)).items() for one in reply]
    return reply


@pytest.mark.parametrize("seed", range(2))
def test_random_commands_have_the_same_answers_on_both(server: Server, seed: int) -> None:
    memory = MemoryServer(lambda: 1_700_000_000_000_000)
    real, commands = Connector(server.url, {}).connect(None, 10), Commands(seed)
    for _ in range(ROUNDS):
        words = commands.words()
        real.send_command(*words)
        there = answered(real.read_response)
        raw = [str(word).encode() for word in words]
        here = answered(lambda raw=raw: memory.execute(raw))  # type: ignore[misc]
        assert alike(words, here) == alike(words, there), words
    real.disconnect()
