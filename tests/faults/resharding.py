"""A queue's slot moves to another node of a cluster, key by key, while jobs come and run.

In between half of a script's keys are here and half there: it is answered ASK or TRYAGAIN.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from streamq.keys import QueueKeys
from tests.servers import Node, Server

MOVES_S = 1.5  # from the first key to the last


@contextmanager
def slot_moved(server: Server, _proxy: object, keys: QueueKeys) -> Iterator[None]:
    """To another node, and back when that is done."""
    moving = Moving(server, keys)
    thread = Thread(target=moving.run)
    thread.start()
    yield
    thread.join(30)
    assert moving.split_s > MOVES_S / 2, f"it was split for {moving.split_s:.2f} s only"


class Moving:
    """From the node that serves the queue's slot to the next one."""

    def __init__(self, server: Server, keys: QueueKeys) -> None:
        self._nodes = server.nodes
        self._slot = int(server.nodes[0].command("CLUSTER", "KEYSLOT", keys.key("jobs")))
        self.split_s = 0.0  # for how long some keys were here and some there

    def run(self) -> None:
        names = {node.port: _text(node.command("CLUSTER", "MYID")) for node in self._nodes}
        source = next(node for node in self._nodes if self._serves(node, names[node.port]))
        at = self._nodes.index(source)
        target = self._nodes[(at + 1) % len(self._nodes)]
        self._set(target, "IMPORTING", names[source.port])
        self._set(source, "MIGRATING", names[target.port])
        began = time.monotonic()
        while waiting := source.command("CLUSTER", "GETKEYSINSLOT", self._slot, 1000):
            pause = (began + MOVES_S - time.monotonic()) / len(waiting)
            address = ("127.0.0.1", target.port)
            source.command("MIGRATE", *address, "", 0, 5000, "KEYS", waiting[0])
            time.sleep(max(0.0, pause))
        self.split_s = time.monotonic() - began
        for node in (target, source, *self._nodes):
            self._set(node, "NODE", names[target.port])

    def _serves(self, node: Node, name: str) -> bool:
        lines = _text(node.command("CLUSTER", "NODES")).splitlines()
        (mine,) = [line.split() for line in lines if line.startswith(name)]
        ranges = [part.partition("-") for part in mine[8:] if not part.startswith("[")]
        return any(int(a) <= self._slot <= int(b or a) for a, _, b in ranges)

    def _set(self, node: Node, what: str, name: str) -> None:
        node.command("CLUSTER", "SETSLOT", self._slot, what, name)


def _text(reply: Any) -> str:
    return reply.decode() if isinstance(reply, bytes) else str(reply)
