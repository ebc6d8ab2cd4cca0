"""The embedded default: a private server for one user on one machine.

`ensure()` returns a running server and starts one if need be; a keeper process of
ours (`python -m streamq.embedded.keeper`) watches it. `status()` and `stop()` never
start anything.
"""

from streamq.embedded.binary import Binary, extra_installed, find_binary
from streamq.embedded.errors import (
    EmbeddedDiskFull,
    EmbeddedMissing,
    EmbeddedRefused,
    EmbeddedUnavailable,
)
from streamq.embedded.paths import data_dir_from_url, default_data_dir
from streamq.embedded.server import EmbeddedServer, EmbeddedStatus
from streamq.embedded.start import ensure
from streamq.embedded.state import Phase
from streamq.embedded.status import status, stop

__all__ = [
    "Binary",
    "EmbeddedDiskFull",
    "EmbeddedMissing",
    "EmbeddedRefused",
    "EmbeddedServer",
    "EmbeddedStatus",
    "EmbeddedUnavailable",
    "Phase",
    "data_dir_from_url",
    "default_data_dir",
    "ensure",
    "extra_installed",
    "find_binary",
    "status",
    "stop",
]
