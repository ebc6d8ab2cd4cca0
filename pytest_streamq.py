"""The pytest plugin: an application on a real server of the test run's own.

* `streamq_server`: the server, one per test process (so one per worker of xdist); `.url`.
* `streamq_use`: `app = streamq_use(app)` puts your application on it for one test.
* `streamq_app`: an empty application, on it for one test.

`streamq.testing` has what to do with them. This module is loaded by every pytest that runs in an
environment with streamq, so it imports nothing: the fixtures do. `-p no:streamq` leaves it out.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamq import StreamQ
    from streamq.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def streamq_server() -> Iterator[EmbeddedServer]:
    """A private server for this test run; its data goes when the run ends."""
    from streamq.testing import private_server  # noqa: PLC0415 - only where it is used

    with private_server() as server:
        yield server


@pytest.fixture
def streamq_use(streamq_server: EmbeddedServer) -> Iterator[Callable[[StreamQ], StreamQ]]:
    """Puts an application on the test server, empty, until the test ends; returns it.

    At the end every queue that the test used is audited: nothing may be lost.
    """
    from streamq.testing import assert_nothing_lost, on_server  # noqa: PLC0415 - as above

    with ExitStack() as ends:

        def use(app: StreamQ) -> StreamQ:
            ends.enter_context(on_server(app, streamq_server.url))
            ends.callback(assert_nothing_lost, app)
            return app

        yield use


@pytest.fixture
def streamq_app(streamq_use: Callable[[StreamQ], StreamQ]) -> StreamQ:
    """An application without tasks, on the test server until the test ends."""
    from streamq import StreamQ  # noqa: PLC0415 - as above

    return streamq_use(StreamQ("test"))
