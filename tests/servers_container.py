"""A server in a container, where a Docker engine answers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

import redis

from tests.servers import NO_RETRIES

IMAGE = "redis:7.4-alpine"


@cache
def why_no_docker() -> str | None:
    """Why there are no containers here; None where a Docker engine answers. Asked once, < 1 s."""
    url = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if url.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as engine:
                return _ping(engine, url.path)
        with socket.socket() as engine:
            return _ping(engine, (url.hostname or "localhost", url.port or 2375))
    except OSError as error:
        return f"no Docker engine answers ({error})"


def _ping(engine: socket.socket, address: str | tuple[str, int]) -> str | None:
    engine.settimeout(1)
    engine.connect(address)
    engine.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
    answer = engine.recv(64)
    return None if b" 200 " in answer else f"the Docker engine answered {answer[:40]!r}"


@contextmanager
def container() -> Iterator[tuple[str, redis.Redis]]:
    """A Redis in a container: its URL and a client for assertions."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    with DockerContainer(IMAGE).with_exposed_ports(6379) as running:
        wait_for_logs(running, "Ready to accept connections", timeout=30)
        host, port = running.get_container_host_ip(), int(running.get_exposed_port(6379))
        admin = redis.Redis(host=host, port=port, protocol=2, retry=NO_RETRIES)
        try:
            yield f"redis://{host}:{port}/0", admin
        finally:
            admin.close()
