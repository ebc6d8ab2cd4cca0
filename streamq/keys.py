"""The name of every key in Redis; no other file spells one.

All keys of a queue share one hash tag, so that a script touches one cluster slot. What each holds
is in `lua/README.md`; a name here is the name of the local that a script binds the key to.
"""

from __future__ import annotations

from functools import lru_cache

HASHES = (
    "jobs",
    "state",
    "claims",
    "held",
    "errors",
    "progress",
    "checkpoints",
    "results",
    "waiters",
    "replies",
    "worker_info",
    "orders",
    "policy",
    "counts",
    "rhythm",
    "inbox",
    "unique",
    "heirs",
    "places",
    "limits",
    "schedules",
    "schedule_state",
    "schedule_seen",
    "schedule_log",
    "schedule_runs",
    "schedule_held",
    "tallied",
)
SORTED_SETS = (
    *("returned", "stranded", "leases", "scheduled", "dead", "results_expiry", "workers"),
    *("parked", "line", "turns", "gates", "lanes", "rates", "slots", "pumped", "timers"),
    *("schedule_due", "cancelling"),
)
LISTS = ("wake", "dropped", "schedule_ended")
STREAMS = ("stream", "outbox", "history")
STRINGS = ("schema", "tally")
NAMES = (*STRINGS, *STREAMS, *LISTS, *HASHES, *SORTED_SETS)
_TYPES = {
    **dict.fromkeys(HASHES, "hash"),
    **dict.fromkeys(SORTED_SETS, "zset"),
    **dict.fromkeys((*LISTS, "ended"), "list"),
    **dict.fromkeys((*STREAMS, "log", "chunks", "children"), "stream"),
}

PULSE_MS = 600_000  # how long what a worker said of itself is kept
GROUP = "workers"  # of every queue's stream


def slug(queue: str) -> str:
    """A queue's name as keys and ids hold it: `:` would split a key, `~` can't be in a name."""
    return queue.replace(":", "~")


def type_of(key: str) -> str:
    """The type of a key of a queue, in the server's words."""
    return _TYPES.get(key.partition("}:")[2].partition(":")[0], "string")


def registry(namespace: str) -> str:
    """The set of the names of all queues of a namespace; outside any queue's slot."""
    return f"sq:{namespace}:queues"


def scheduling(namespace: str) -> str:
    """The set of `<application> <queue>` for every queue where an application has schedules."""
    return f"sq:{namespace}:schedules"


def reply_channel(namespace: str, process: str) -> str:
    """The pub/sub channel on which one process is told that jobs it waits for have ended."""
    return f"sq:{namespace}:reply:{process}"


MOST_CALLS = 200  # whose keys are kept: one for each script, and some with keys of their own


class Bound(tuple[str, ...]):  # noqa: SLOT001 - it has one
    """The keys of calls of one script."""

    packed: bytes = b""  # as they are sent, kept by who sends them


class QueueKeys:
    """The keys of one queue. Cheap to make; `queue_keys` keeps them."""

    __slots__ = ("_bound", "_calls", "_prefix", "namespace", "queue")

    def __init__(self, namespace: str, queue: str) -> None:
        """Names the keys of `queue`; both names have been checked by `options`."""
        self.namespace = namespace
        self.queue = queue
        self._prefix = f"sq:{{{namespace}:{slug(queue)}}}:"
        self._bound: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._calls: dict[tuple[str, tuple[str, ...]], Bound] = {}

    def key(self, name: str) -> str:
        """The key of this name, one of `NAMES`."""
        return self._prefix + name

    def bound(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of these names, in this order: what a script's `KEYS` lines ask for."""
        known = self._bound.get(names)
        if known is None:
            known = self._bound[names] = tuple(self._prefix + name for name in names)
        return known

    def of_call(self, verb: str, names: tuple[str, ...], more: tuple[str, ...]) -> Bound:
        """The keys of these names, then `more`; the same object for the same call."""
        known = self._calls.get((verb, more))
        if known is None:
            if len(self._calls) >= MOST_CALLS:
                self._calls.clear()
            known = self._calls[verb, more] = Bound((*self.bound(names), *more))
        return known

    def producer(self, producer: str) -> str:
        """What one producer's last enqueue was; a string with a TTL."""
        return f"{self._prefix}producer:{producer}"

    def idempotency(self, digest: str) -> str:
        """The first job of an idempotency key; a string with a TTL."""
        return f"{self._prefix}idem:{digest}"

    def pulse(self, worker: str) -> str:
        """What a worker last said of its room and its claims; a string with a TTL."""
        return f"{self._prefix}pulse:{worker}"

    def trail(self, kind: str, job_id: str) -> str:
        """What a job says while it runs, `log`, `chunks` or `children`; a stream with a TTL."""
        return f"{self._prefix}{kind}:{job_id}"

    def ended(self, task: str) -> str:
        """The summaries of the last 1,000 ended jobs of a task; a list."""
        return f"{self._prefix}ended:{task}"


@lru_cache(maxsize=4096)
def queue_keys(namespace: str, queue: str) -> QueueKeys:
    """The keys of a queue, made once."""
    return QueueKeys(namespace, queue)
