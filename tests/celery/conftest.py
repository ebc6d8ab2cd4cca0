"""A Celery application on a server, with a worker in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from streamq.celery import Celery
from streamq.worker import Worker
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import Here


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    """An empty application; its results are in the same server."""
    app = Celery("tasks", broker=server.url, backend=server.url)
    yield app
    app.close()


@pytest.fixture
def work() -> Iterator[Callable[..., Here]]:
    """Starts workers: `work(app, queues=[…])`; they end with the test."""
    with ExitStack() as ends:

        def start(app: Celery, **options: Any) -> Here:
            here = Here(Worker(app, **{"threads": 8, **options}))
            here.start()
            ends.callback(here.stop)
            keys = app.keys(here.worker.queues[-1]).key("worker_info")
            name = here.worker.name
            wait_until(
                lambda: app.client.command("HEXISTS", keys, name, key=keys), "it to register"
            )
            return here

        yield start
