from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamq import StreamQ, Task
from tests.app.hands import Hands
from tests.servers import Server


@pytest.fixture
def app(server: Server) -> Iterator[StreamQ]:
    """An application on a server of the suite."""
    made = StreamQ("shop", broker=server.url)
    yield made
    made.close()


@pytest.fixture
def hands(app: StreamQ) -> Hands:
    """A worker's hands in its default queue."""
    return Hands(app)


@pytest.fixture
def add(app: StreamQ) -> Task[[int, int], int]:
    @app.task(name="shop.add")
    def add(x: int, y: int) -> int:
        if x < 0:
            raise ValueError(x, "is negative")
        return x + y

    return add
