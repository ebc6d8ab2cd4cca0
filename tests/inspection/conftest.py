"""An application whose queue is filled by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamq import StreamQ
from tests.inspection.hand import Hand
from tests.servers import Server


def make_app(broker: str) -> StreamQ:
    app = StreamQ("shop", broker=broker)

    @app.task(name="shop.add")
    def add(x: int, y: int = 0) -> int:
        return x + y

    @app.task(name="shop.send", queue="mail", ignore_result=True)
    def send(to: str) -> None: ...

    return app


@pytest.fixture
def app(server: Server) -> Iterator[StreamQ]:
    app = make_app(server.url)
    yield app
    app.close()


@pytest.fixture
def hand(app: StreamQ) -> Hand:
    hand = Hand(app)
    hand.enrol(["shop.add", "shop.send"])
    return hand
