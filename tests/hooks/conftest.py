from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from streamq import StreamQ
from streamq.worker import Worker
from tests.servers import Server
from tests.worker.rig import Here

Working = Callable[..., Any]


@pytest.fixture
def app(server: Server) -> Iterator[StreamQ]:
    """An application on a server of the suite."""
    made = StreamQ("hooked", broker=server.url, lease=2)
    yield made
    made.close()


@pytest.fixture
def working(app: StreamQ) -> Working:
    """`with working():` a worker in a thread of this process; back when it has ended."""

    @contextmanager
    def work(**options: Any) -> Iterator[Here]:
        here = Here(Worker(app, threads=2, async_concurrency=5, **options))
        with ExitStack() as stack:
            stack.callback(here.stop)
            here.start()
            yield here

    return work
