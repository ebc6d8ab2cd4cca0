"""Where the embedded server keeps its things.

    <data dir>/streamq-embedded.json   whose data this is, and of which server (marker.py)
    <data dir>/appendonlydir/          the data: the server's append-only file
    <data dir>/embedded.log            what keeper and server say
    <data dir>/run/                    0700: locks, the keeper's state, the socket

Nothing here creates a file; `directory.py` does.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from streamq.embedded.errors import EmbeddedRefused
from streamq.errors import ConfigurationError

SOCKET_LIMIT = 103  # bytes: macOS takes 104 with the closing NUL, Linux 108
SOCKET_NAME = "server.sock"


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of one data directory; `data_dir` is absolute, its symlinks resolved."""

    data_dir: Path

    @property
    def marker(self) -> Path:
        """Format and server of the data; a directory without it is not ours."""
        return self.data_dir / "streamq-embedded.json"

    @property
    def log(self) -> Path:
        """What keeper and server say; `.1` beside it is the older half."""
        return self.data_dir / "embedded.log"

    @property
    def run(self) -> Path:
        """The folder of all that means nothing when no keeper lives."""
        return self.data_dir / "run"

    @property
    def state(self) -> Path:
        """The keeper's last word about itself."""
        return self.run / "state.json"

    @property
    def start_lock(self) -> Path:
        """Held by the one process that starts a keeper."""
        return self.run / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper for as long as it lives."""
        return self.run / "keeper.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server for as long as it lives: one writer of the data, ever."""
        return self.run / "server.lock"

    @property
    def near_socket(self) -> Path:
        """Where the socket lies unless this path is too long."""
        return self.run / SOCKET_NAME


def locate(data_dir: Path | str | None = None) -> Paths:
    """Return the paths of a data directory, by default this user's own.

    Raises EmbeddedRefused when there is no home to derive the default from.
    """
    chosen = default_data_dir() if data_dir is None else Path(data_dir)
    return Paths(Path(os.path.realpath(chosen)))


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/streamq/embedded`, or that below `~/.local/share`."""
    base = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(base):  # the XDG rule: a relative one is to be ignored  # noqa: PTH117
        base = os.path.expanduser("~/.local/share")  # noqa: PTH111 - Path.expanduser raises
    if not os.path.isabs(base):  # noqa: PTH117
        raise EmbeddedRefused(
            "This user has no home directory to keep the embedded server's data in.\n"
            "Name one: broker='embedded:///some/dir', or set XDG_DATA_HOME."
        )
    return Path(base) / "streamq" / "embedded"


def data_dir_from_url(url: str) -> Path | None:
    """Return the directory that `embedded:///some/dir` names; None for plain `embedded:`.

    Raises ConfigurationError for anything else.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    bare = parts.scheme == "embedded" and not (parts.netloc or parts.query or parts.fragment)
    if not bare or (path and not path.startswith("/")):
        raise ConfigurationError(
            f"The broker address {url!r} can't be used.\n"
            "It is 'embedded:' or, with a directory of your own, 'embedded:///some/dir'."
        )
    return None if path in {"", "/"} else Path(path)


def socket_path(paths: Paths) -> Path:
    """Return where a new server of this data directory should listen; creates nothing.

    In the data directory if the path is short enough. Else under a name derived
    from it in the runtime directory; the state file then tells everyone where, so
    that processes with another environment find it too.
    """
    if len(os.fsencode(paths.near_socket)) <= SOCKET_LIMIT:
        return paths.near_socket
    name = hashlib.blake2b(os.fsencode(paths.data_dir), digest_size=8).hexdigest()
    for base in _runtime_bases():
        candidate = base / f"streamq-{name}" / SOCKET_NAME
        if len(os.fsencode(candidate)) <= SOCKET_LIMIT:
            return candidate
    raise EmbeddedRefused(f"No short enough path for a socket for {paths.data_dir}.")


def _runtime_bases() -> list[Path]:
    """Folders for a short socket path: the session's own if it is private, else one in /tmp."""
    bases = []
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(session) and is_private(session):  # noqa: PTH117
        bases.append(Path(session))
    bases.append(Path(f"/tmp/streamq-{os.geteuid()}"))  # noqa: S108 - checked against squatters
    return bases


def is_private(folder: Path | str) -> bool:
    """Whether it is a real directory (no link) of this user that nobody else can enter."""
    try:
        facts = os.lstat(folder)
    except OSError:
        return False
    mine = facts.st_uid == os.geteuid()
    return mine and stat.S_ISDIR(facts.st_mode) and not facts.st_mode & 0o077
