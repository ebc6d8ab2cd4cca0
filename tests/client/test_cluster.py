"""Calls in cluster mode: who gets what, and what happens when slots move."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis.crc import key_slot

from tests.client.small import COUNT, MakeClient, call, describe, job, words
from tests.servers import Node, Server

KEY = "sq:test:{streamq:q}"  # in the slot of the queue of `describe`

pytestmark = pytest.mark.parametrize("any_server", ["cluster"], indirect=True)


def ask(node: Node, *command: object) -> Any:
    return node.admin.execute_command(*command)  # type: ignore[no-untyped-call]


def owner(server: Server, slot: int) -> tuple[Node, Node]:
    """The node that has a slot, and another."""
    for node in server.nodes:
        ranges = ask(node, "CLUSTER", "SLOTS")
        mine = [each for each in ranges if each[2][1] == node.port]
        if any(first <= slot <= last for first, last, *_ in mine):
            return node, next(other for other in server.nodes if other is not node)
    raise AssertionError(f"nobody has slot {slot}")


def name_of(node: Node) -> str:
    name = ask(node, "CLUSTER", "MYID")
    return name.decode() if isinstance(name, bytes) else str(name)


@contextmanager
def migrating(server: Server, slot: int) -> Iterator[tuple[Node, Node]]:
    """A slot on its way from its node to another; it arrives at the end."""
    source, target = owner(server, slot)
    ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", name_of(source))
    ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", name_of(target))
    yield source, target
    while names := ask(source, "CLUSTER", "GETKEYSINSLOT", slot, 100):
        ask(source, "MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "REPLACE", "KEYS", *names)
    for node in (target, source, *server.nodes):
        ask(node, "CLUSTER", "SETSLOT", slot, "NODE", name_of(target))


def test_calls_go_where_their_keys_are(any_server: Server, make_client: MakeClient) -> None:
    client = make_client(any_server.url)
    keys = [f"sq:{{streamq:{number}}}:x" for number in range(30)]
    assert client.run_many([call(COUNT, key=key) for key in keys]) == [1] * 30
    assert [client.run(call(COUNT, key=key)) for key in keys] == [2] * 30
    assert len({owner(any_server, key_slot(key.encode()))[0].port for key in keys}) == 3


def test_a_slot_that_has_moved_is_followed(any_server: Server, make_client: MakeClient) -> None:
    client = make_client(any_server.url)
    assert client.run(call(COUNT, key=KEY)) == 1
    for count in (2, 3):
        with migrating(any_server, key_slot(KEY.encode())):
            pass
        assert client.run(call(COUNT, key=KEY)) == count


def test_a_slot_on_its_way_is_asked_for_at_both_ends(
    any_server: Server, make_client: MakeClient
) -> None:
    client = make_client(any_server.url)
    other = KEY + ":other"
    assert client.run(call(COUNT, key=KEY)) == 1
    with migrating(any_server, key_slot(KEY.encode())) as (_, target):
        assert client.run(call(COUNT, key=KEY)) == 2  # still there
        assert client.run(call(COUNT, key=other)) == 1  # ASK: new ones go to the target
        assert asyncio.run(client.run_async(call(COUNT, key=other))) == 2
        assert ask(target, "CLUSTER", "COUNTKEYSINSLOT", key_slot(KEY.encode()))
        assert client.run(call(COUNT, key=KEY)) == 3
    assert client.run(call(COUNT, key=KEY)) == 4


def test_a_producer_keeps_its_count_while_its_slot_moves(
    any_server: Server, make_client: MakeClient
) -> None:
    client = make_client(any_server.url)
    producers = set()

    def enqueue(number: int) -> list[str]:
        def note(producer: str, counter: int) -> object:
            producers.add(producer)
            return describe(job(number))(producer, counter)

        return words(client.enqueue(note, "q", [job(number)]))  # type: ignore[arg-type]

    assert enqueue(1) == ["OK"]
    with migrating(any_server, key_slot(KEY.encode())):
        pass
    assert enqueue(2) == ["OK"]
    assert len(producers) == 1


def test_a_cluster_is_found_through_any_node_that_lives(
    any_server: Server, make_client: MakeClient
) -> None:
    port = any_server.nodes[1].port
    client = make_client(f"redis+cluster://127.0.0.1:1,127.0.0.1:{port}")
    assert client.run(call(COUNT, key=KEY)) == 1
    client.ping()
