"""For the tests of programs that use streamq; a pytest plugin gives the same as fixtures.

`eager(app)` runs jobs in place. `private_server()` and `on_server(app, url)` put an application
on a real server of the test run's own; there `drain(app)` runs what is ready, and
`assert_enqueued` and `assert_nothing_lost` look at what is there.
"""

from streamq.testing.draining import adrain, drain
from streamq.testing.enqueued import assert_enqueued, enqueued
from streamq.testing.modes import eager, on_server
from streamq.testing.servers import private_server
from streamq.testing.soundness import assert_nothing_lost
from streamq.worker.drain import DrainReport

__all__ = [
    "DrainReport",
    "adrain",
    "assert_enqueued",
    "assert_nothing_lost",
    "drain",
    "eager",
    "enqueued",
    "on_server",
    "private_server",
]
