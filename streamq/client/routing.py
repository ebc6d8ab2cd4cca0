"""Which server takes a call: the only one there is, or the cluster node that has the slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.crc import key_slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamq.client.message import Message
    from streamq.client.steps import Node


class Router:
    """One server, found through its URL."""

    is_cluster = False
    is_known = True

    def group(self, messages: list[Message]) -> Iterable[tuple[Node, list[Message]]]:
        """Who gets which messages, in their order."""
        return ((None, messages),)

    def node_of(self, key: str) -> Node:  # noqa: ARG002 - the same for every key
        """Who has this key."""
        return None


class ClusterRouter(Router):
    """A map of slots to nodes; one table for all threads, replaced as a whole."""

    is_cluster = True

    def __init__(self, seeds: Sequence[tuple[str, int]]) -> None:
        self.seeds = tuple(seeds)
        self._slots: dict[int, Node] = {}

    @property
    def is_known(self) -> bool:  # type: ignore[override]
        """Whether there is a map."""
        return bool(self._slots)

    @property
    def nodes(self) -> list[Node]:
        """Every node to ask for the map: those in it, then those of the URL."""
        return list(dict.fromkeys([*self._slots.values(), *self.seeds]))

    def group(self, messages: list[Message]) -> Iterable[tuple[Node, list[Message]]]:
        """Who gets which messages, in their order."""
        groups: dict[Node, list[Message]] = {}
        for message in messages:
            groups.setdefault(message.ask or self.node_of(message.key), []).append(message)
        return groups.items()

    def learn(self, reply: Any, asked: Node) -> None:
        """Take the map from a CLUSTER SLOTS reply; `asked` stands in for a node without a name."""
        slots: dict[int, Node] = {}
        for first, last, master, *_ in reply:
            host = (master[0] or b"").decode() or (asked[0] if asked else "")
            slots.update(dict.fromkeys(range(first, last + 1), (host, int(master[1]))))
        self._slots = slots

    def move(self, slot: int, host: str, port: int) -> None:
        """Believe a MOVED."""
        self._slots[slot] = (host, port)

    def distrust(self) -> None:
        """Forget the map: a node of it is gone."""
        self.seeds = tuple(node for node in self.nodes if node)
        self._slots = {}

    def node_of(self, key: str) -> Node:
        """Who has this key, as far as we know; any node, for no key."""
        slots = self._slots
        known = slots.get(key_slot(key.encode())) if key else None
        return known or next(iter(slots.values()))  # a wrong one says MOVED
