"""Small calls for these tests: scripts in a line, and enqueues of one job each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from streamq import operations
from streamq.client import Client
from streamq.keys import queue_keys
from streamq.operations.call import Call, Value
from streamq.scripts import Script
from tests.proxy import Proxy
from tests.servers import Server

Url = str | Callable[[], str]
KEYS = queue_keys("streamq", "q")
JOB_TAIL = "xxxxxxxx"


class MakeClient(Protocol):
    """The fixture `make_client`."""

    def __call__(self, url: Url, **options: Any) -> Client: ...


class MakeProxy(Protocol):
    """The fixture `make_proxy`."""

    def __call__(self, server: Server, *, tcp: bool = False, login: str = "") -> Proxy: ...


class Line:
    """A script of one line, as `streamq.scripts.Script` shows one."""

    def __init__(self, lua: str) -> None:
        self.source = f"#!lua\n{lua}"
        self.sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        self.name = "line"

    def locate(self, message: str) -> str:
        return message.replace("user_script:2", "lua/line.lua:1")


GET_SET = Line("return redis.call('SET', KEYS[1], ARGV[1], 'EX', 60, 'GET')")
COUNT = Line("local n = redis.call('INCR', KEYS[1]) redis.call('EXPIRE', KEYS[1], 60) return n")
ECHO = Line("return ARGV[1]")


def call(
    line: Line, *args: Value, key: str = "sq:test", read: Callable[[Any], Any] = lambda reply: reply
) -> Call[Any]:
    return Call(cast("Script", line), [key], args, read, "q")


def job(number: int) -> str:
    return f"0000000{JOB_TAIL}{number:04d}.q"


def describe(*ids: str) -> Callable[[str, int], Call[list[operations.Enqueued]]]:
    jobs = [operations.NewJob(each, "task", b"\x93\x90\x80\x80") for each in ids]
    return lambda producer, counter: operations.enqueue(
        KEYS, producer=producer, counter=counter, jobs=jobs
    )


def words(answers: list[operations.Enqueued]) -> list[str]:
    return [answer.word for answer in answers]
