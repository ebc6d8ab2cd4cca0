"""Cluster mode: three masters on loopback, all slots served, no replicas."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

import redis
from redis.cluster import RedisCluster

from tests.servers import NO_RETRIES, Node, Option, Server, free_port
from tests.waiting import wait_until

_SLOTS = 16_384
_MASTERS = 3


def start_cluster(binary: Path, **options: Option) -> Server:
    """Three masters that share the slots; takes about 2 s, the wait built into the server."""
    nodes = [_node(binary, options) for _ in range(_MASTERS)]
    server = Server(
        "cluster",
        nodes,
        f"redis+cluster://127.0.0.1:{nodes[0].port}",
        nodes[0].admin,  # until there is a cluster to speak to
    )
    server.after_start = lambda: _wait_for_cluster(nodes)
    try:
        for node in nodes:
            node.start()
        _join(nodes)
        server.remember_configuration()
        server.admin = cast(
            "redis.Redis",
            RedisCluster(host="127.0.0.1", port=nodes[0].port, protocol=2, retry=NO_RETRIES),
        )
    except BaseException:
        server.close()
        raise
    return server


def _node(binary: Path, options: dict[str, Option]) -> Node:
    cluster: dict[str, Option] = {
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "cluster-port": free_port(),  # else it is the port + 10000, whoever has that
        "cluster-node-timeout": 10_000,  # ms; a busy machine must not look like a failed master
    }
    return Node(binary, {**cluster, **options}, port=free_port())


def _join(nodes: list[Node]) -> None:
    for index, node in enumerate(nodes):
        first, after = (_SLOTS * edge // len(nodes) for edge in (index, index + 1))
        node.command("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
        with suppress(redis.ResponseError):  # the client repeated what had been done: it has one
            node.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
    for node in nodes[1:]:
        bus = node.options["cluster-port"]
        nodes[0].command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
    _wait_for_cluster(nodes)


def _wait_for_cluster(nodes: list[Node]) -> None:
    for node in nodes:
        wait_until(partial(_whole, node), f"the cluster, at port {node.port}", timeout=20)


def _whole(node: Node) -> bool:
    info = node.command("CLUSTER", "INFO")
    text = info.decode() if isinstance(info, bytes) else str(info)
    known = "cluster_known_nodes:3" in text or "'cluster_known_nodes': '3'" in text
    return known and ("cluster_state:ok" in text or "'cluster_state': 'ok'" in text)
