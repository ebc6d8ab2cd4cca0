"""One queue on one server: what a script test does to it, and all that is there afterwards.

`state()` is the whole queue as plain values, with entries named `e1`, `e2`, … in the order in which
they were made and times as `now`, `+30s`, …, so that a test can say what it expects; `unchanged()`
compares every byte.
"""

# ruff: noqa: S107 -- a claim's token is no password

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import redis

from streamq import operations
from streamq.keys import GROUP, NAMES, queue_keys
from streamq.operations import Budget, Call, Claimed, NewJob, Violation
from streamq.operations.beside import read_beside
from tests.auditing import audit_violations
from tests.servers import NO_RETRIES, Server

T = TypeVar("T")

LEASE_MS = 30_000
HOUR_MS = 3_600_000
BODY = b"\x93abc"
State = dict[str, Any]
COUNTING = {"tally", "tallied", "history"}  # what jobs do, counted; no job depends on it

_ENTRY = re.compile(r"(?<!\d)(\d{13})-(\d+)(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{13}(?!\d)")


class Rig:
    """The queue `q` of one server."""

    def __init__(self, server: Server, queue: str = "q") -> None:
        self.server = server
        self.keys = queue_keys("streamq", queue)
        self.admin = owner(server, self.keys.key("jobs"))
        self.user = self.admin
        if server.flavour == "acl":
            self.user = redis.Redis.from_url(server.url, protocol=2, retry=NO_RETRIES)
        self._entries: dict[str, str] = {}  # entry id -> its name
        self._counters: dict[str, int] = {}  # of producers
        self._seq = 0

    # --- calling -------------------------------------------------------------------------------

    def run(self, call: Call[T]) -> T:
        return call.read(self.raw(call))

    def raw(self, call: Call[Any], args: Sequence[Any] | None = None) -> Any:
        """The bare reply; `args` instead of the call's own."""
        rest = (len(call.keys), *call.keys, *(call.args if args is None else args))
        try:
            return self.user.evalsha(call.script.sha, *rest)
        except redis.exceptions.NoScriptError:
            return self.user.eval(call.script.source, *rest)

    def next_counter(self, producer: str) -> int:
        self._counters[producer] = self._counters.get(producer, 0) + 1
        return self._counters[producer]

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    # --- putting a queue into a state -----------------------------------------------------------

    def enqueue(self, *ids: str, producer: str = "p", task: str = "t", **job: Any) -> list[str]:
        """The words; every job alike, as `NewJob` has it."""
        jobs = [NewJob(id=i, task=task, **{"body": BODY, **job}) for i in ids]
        counter = self.next_counter(producer)
        call = operations.enqueue(self.keys, producer=producer, counter=counter, jobs=jobs)
        return [answer.word for answer in self.run(call)]

    def admit(
        self, *jobs: NewJob, producer: str = "p", budget: Budget | None = None
    ) -> list[tuple[str, str]]:
        """Word and id of each."""
        counter = self.next_counter(producer)
        call = operations.admit(
            self.keys, producer=producer, counter=counter, jobs=jobs, budget=budget
        )
        return [(answer.word, answer.id) for answer in self.run(call)]

    def claim(
        self,
        token: str = "T",
        limit: int = 10,
        worker: str = "w",
        tasks: Sequence[str] = (),
        armed: bool = False,
    ) -> Claimed:
        return self.run(
            operations.claim(
                self.keys,
                worker=worker,
                token=token,
                lease_ms=LEASE_MS,
                limit=limit,
                result_ttl_ms=HOUR_MS,
                tasks=tasks,
                armed=armed,
            )
        )

    def claimed(self, token: str = "T", limit: int = 10, **named: Any) -> list[str]:
        return [job.id for job in self.claim(token, limit, **named).jobs]

    def running(self, *ids: str, token: str = "T", worker: str = "w", **job: Any) -> None:
        """Enqueues and claims these jobs."""
        self.enqueue(*ids, **job)
        assert self.claimed(token, len(ids), worker=worker) == list(ids)

    def ack(
        self, *ids: str, token: str = "T", kind: str = "ok", ttl_ms: int = HOUR_MS
    ) -> list[str]:
        jobs = [operations.Ack(i, token, "t", kind, 3, ttl_ms, b"value") for i in ids]
        return self.run(operations.ack(self.keys, worker="w", seq=self.next_seq(), jobs=jobs))

    def retry(self, *ids: str, token: str = "T", delay_ms: int = 60_000, **how: Any) -> list[str]:
        how = {"counted": True, "error": b"oops", "task": "t", **how}
        jobs = [operations.Again(i, token, delay_ms, **how) for i in ids]
        return self.run(operations.retry(self.keys, worker="w", seq=self.next_seq(), jobs=jobs))

    def bury(self, *ids: str, token: str = "T", reason: str = "failed") -> list[str]:
        jobs = [operations.Burial(i, token, "t", reason, 3, b"oops") for i in ids]
        call = operations.bury(self.keys, worker="w", seq=self.next_seq(), jobs=jobs)
        return self.run(call)[1]

    def release(self, *ids: str, token: str = "T", crashed: bool = False) -> list[str]:
        jobs = [operations.HandBack(i, token, crashed) for i in ids]
        return self.run(operations.release(self.keys, worker="w", seq=self.next_seq(), jobs=jobs))

    def strand(self, *ids: str, token: str = "T", task: str = "t") -> list[str]:
        jobs = [operations.Stray(i, token, task) for i in ids]
        return self.run(operations.strand(self.keys, worker="w", seq=self.next_seq(), jobs=jobs))

    def cancel(self, *ids: str, tell: bool = True) -> list[str]:
        return self.run(operations.cancel(self.keys, ids=ids, result_ttl_ms=HOUR_MS, tell=tell))

    def dead(self, *ids: str, token: str = "dying") -> None:
        self.running(*ids, token=token)
        assert set(self.bury(*ids, token=token)) == {"OK"}

    def lapse(self, *tokens: str) -> None:
        """The leases of these claims ended long ago."""
        self.admin.zadd(self.keys.key("leases"), dict.fromkeys(tokens, 1), xx=True)

    def worker_is(self, worker: str, *, alive: bool) -> None:
        until = self.now_ms() + (LEASE_MS if alive else -LEASE_MS)
        self.admin.zadd(self.keys.key("workers"), {worker: until})

    def reclaim(self, limit: int = 20) -> operations.Reclaimed:
        call = operations.reclaim(self.keys, lease_ms=LEASE_MS, gap_ms=10_000, limit=limit)
        return self.run(call)

    def lose_group(self) -> None:
        self.admin.xgroup_destroy(self.keys.key("stream"), GROUP)

    def wait(self, *ids: str, channel: str = "sq:streamq:reply:me") -> list[str]:
        return [w.word for w in self.run(operations.wait(self.keys, channel=channel, ids=ids))]

    @contextmanager
    def listening(self, channel: str = "sq:streamq:reply:me") -> Iterator[list[bytes]]:
        """The messages that came on this channel, once the block has ended."""
        heard: list[bytes] = []
        with self.user.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(channel)
            pubsub.get_message(timeout=1)
            yield heard
            while message := pubsub.get_message(timeout=0.05):
                heard.append(message["data"])

    # --- looking --------------------------------------------------------------------------------

    def now_ms(self) -> int:
        seconds, micros = self.admin.time()
        return seconds * 1000 + micros // 1000

    def violations(self) -> list[Violation]:
        return list(audit_violations(self.admin, self.keys))

    def snapshot(self) -> State:
        """Every key of the queue, every byte; a key's name without its prefix."""
        prefix = self.keys.key("")
        names = sorted(self.admin.scan_iter(match=prefix + "*", count=1000))
        pipe = self.admin.pipeline(transaction=False)
        for name in names:
            pipe.type(name)
        kinds = [kind.decode() for kind in pipe.execute()]
        for name, kind in zip(names, kinds, strict=True):
            read_by_type(pipe, name, kind)
        return {
            name.decode()[len(prefix) :]: as_plain(value, kind)
            for name, kind, value in zip(names, kinds, pipe.execute(), strict=True)
        }

    def pending(self) -> dict[str, str]:
        """Entry -> the consumer that has it, every entry by its name in `state()`."""
        stream = self.keys.key("stream")
        try:
            rows = self.admin.xpending_range(stream, GROUP, "-", "+", 1000)
        except redis.ResponseError:
            return {}
        return {
            self._named(row["message_id"].decode(), 0): row["consumer"].decode()
            for row in cast("list[dict[str, bytes]]", rows)
        }

    def state(self) -> State:
        """The queue but its counting in words that can be expected, pending entries included."""
        found = {k: v for k, v in self.snapshot().items() if k not in COUNTING}
        self._name_entries(found)
        now = self.now_ms()
        if "errors" in found:  # their own tests look at the runs around them
            found["errors"] = {id_: failure(text) for id_, text in found["errors"].items()}
        if "results" in found:
            found["results"] = {id_: alone(text) for id_, text in found["results"].items()}
        named: State = {key: self._normal(value, now, key) for key, value in found.items()}
        if pending := self.pending():
            named["pending"] = pending
        return named

    def after(self, before: State, **changes: Any) -> None:
        """The state is `before` but for these keys; None: the key is gone. `__` stands for `:`."""
        expected = {**before, **{name.replace("__", ":"): v for name, v in changes.items()}}
        assert self.state() == {k: v for k, v in expected.items() if v is not None}

    @contextmanager
    def unchanged(self, *but: str) -> Iterator[None]:
        """Not a byte of the queue changes in this block, except in the keys named."""
        before, pending = self.snapshot(), self.pending()
        yield
        after = self.snapshot()
        for name in but:
            before.pop(name, None)
            after.pop(name, None)
        assert (after, self.pending()) == (before, pending)

    def _name_entries(self, found: State) -> None:
        texts = [*found.get("stream", {}), *found.get("state", {}).values()]
        texts += found.get("jobs", {}).values() if isinstance(found.get("jobs"), dict) else []
        ids = {match[0] for text in texts for match in _ENTRY.finditer(text)}
        for entry in sorted(ids - set(self._entries), key=_order):
            self._entries[entry] = f"e{len(self._entries) + 1}"

    def _normal(self, value: Any, now: int, key: str) -> Any:
        if isinstance(value, dict):
            return {self._normal(k, now, key): self._normal(v, now, key) for k, v in value.items()}
        if isinstance(value, list):
            return [self._normal(each, now, key) for each in value]
        if isinstance(value, float):
            if key == "returned":
                return next((n for e, n in self._entries.items() if _order(e) == value), value)
            return _moment(int(value), now) if value > 10**12 else int(value)
        if key == "counts" and value.isdigit():
            return int(value)
        return self._named(value, now)

    def _named(self, text: str, now: int) -> str:
        text = _ENTRY.sub(lambda m: self._entries.get(m[0], m[0]), text)
        return _TIME.sub(lambda m: _moment(int(m[0]), now), text) if now else text


def failure(text: str) -> str:
    """The last failure out of what is kept of a job's runs."""
    return operations.last_failure(text.encode("latin-1")).decode("latin-1")


def alone(outcome: str) -> str:
    """An outcome without what is kept beside its value."""
    head, line, value = outcome.partition("\n")
    return head + line + read_beside(value.encode("latin-1")).value.decode("latin-1")


def owner(server: Server, key: str) -> redis.Redis:
    """An all-powerful connection to the node that has this key."""
    for node in server.nodes:
        try:
            node.admin.exists(key)
        except redis.exceptions.MovedError:
            continue
        return node.admin
    raise AssertionError(f"no node has {key}")


def _order(entry: str) -> float:
    ms, _, seq = entry.partition("-")
    return round(int(ms) + min(int(seq), 4095) / 4096, 6)


def _moment(ms: int, now: int) -> str:
    """Rounded to ten seconds: a slow machine must not change a test's words."""
    seconds = round((ms - now) / 10_000) * 10
    return f"{seconds:+}s" if seconds else "now"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    return [_plain(each) for each in value]


def read_by_type(admin: redis.Redis, key: str | bytes, kind: str) -> Any:
    """All of a key's value, as redis-py gives it (later, where `admin` is a pipeline)."""
    if kind == "hash":
        return admin.hgetall(key)
    if kind == "zset":
        return admin.zrange(key, 0, -1, withscores=True)
    if kind == "list":
        return admin.lrange(key, 0, -1)
    return admin.xrange(key) if kind == "stream" else admin.get(key)


def as_plain(value: Any, kind: str) -> Any:
    """That as text and floats; sorted sets and streams as dicts in their order."""
    if kind == "zset":
        return {_plain(member): score for member, score in value}
    if kind == "stream":
        return {_plain(entry): _plain(fields.get(b"i", fields)) for entry, fields in value}
    return _plain(value)


def key_type(name: str) -> str:
    """`string`, or what `redis` calls the type that a key of this suffix has."""
    from streamq.keys import HASHES, SORTED_SETS, STREAMS, STRINGS

    if name in HASHES:
        return "hash"
    if name in SORTED_SETS:
        return "zset"
    if name in STREAMS or name.startswith(("log:", "chunks:")):
        return "stream"
    return "list" if name in NAMES and name not in STRINGS else "string"
