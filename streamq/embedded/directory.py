"""Make a data directory ready for a server, or refuse it with the reason.

`check_owner` and `prepare` may run in many processes at once; `accept` only under
the start lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from streamq.embedded import marker as markers
from streamq.embedded.binary import find_binary
from streamq.embedded.disk import has_room
from streamq.embedded.errors import EmbeddedDiskFull, EmbeddedMissing, EmbeddedRefused
from streamq.embedded.paths import SOCKET_NAME, is_private, socket_path
from streamq.embedded.state import State, write_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamq.embedded.binary import Binary
    from streamq.embedded.paths import Paths

# What a directory may hold and still count as empty: ours, and what mounts and people leave.
_HARMLESS = {"run", "embedded.log", "lost+found", ".gitkeep", ".gitignore", ".DS_Store"}


def prepare(paths: Paths) -> None:
    """Create the folders if need be, each for this user alone.

    Raises EmbeddedRefused (another user's, someone else's files, no permission)
    or EmbeddedDiskFull.
    """
    with explained(paths):
        paths.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(paths)
        _check_contents(paths)
        paths.run.mkdir(mode=0o700, exist_ok=True)
        if not is_private(paths.run):
            paths.run.chmod(0o700)  # ours by name and by owner, so ours to mend
    if not is_private(paths.run):
        raise EmbeddedRefused(
            f"{paths.run} is not a directory of this user.\nRemove it, or name another directory: "
            "broker='embedded:///some/dir'."
        )


def check_owner(paths: Paths) -> None:
    """Raise EmbeddedRefused if the directory or the data in it belong to another user."""
    for path in (paths.data_dir, paths.marker, paths.run, paths.data_dir / "appendonlydir"):
        try:
            facts = path.lstat()
        except FileNotFoundError:
            continue
        if facts.st_uid != os.geteuid():
            raise EmbeddedRefused(
                f"{path} belongs to user {facts.st_uid}, and you are user {os.geteuid()}.\n"
                "The embedded server serves one user only. Run as that user, or hand over\n"
                f"the data (chown -R {os.geteuid()} {paths.data_dir}),\n"
                "or name another directory: broker='embedded:///some/dir'."
            )
        if stat.S_ISDIR(facts.st_mode) and facts.st_mode & 0o022:
            raise EmbeddedRefused(
                f"Others may write in {path}, so they could change its jobs.\n"
                f"Make it yours alone: chmod 700 {path}"
            )


def accept(paths: Paths) -> tuple[Binary, Path]:
    """Choose the server for this data and the place of its socket; under the start lock.

    Raises EmbeddedRefused, EmbeddedMissing or EmbeddedDiskFull; then nothing was changed.
    """
    with explained(paths):
        binary = _choose(paths)
        socket = socket_path(paths)
        prepare_socket_folder(socket, paths)
        if not has_room(paths.run):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if not paths.state.exists():
            write_state(paths.state, State())  # takes its room now, while there is some
        markers.write_marker(paths.marker, binary)
        return binary, socket


@contextlib.contextmanager
def explained(paths: Paths) -> Iterator[None]:
    """Turn what the file system says into what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise EmbeddedDiskFull(disk_full(paths)) from error
        raise EmbeddedRefused(
            f"The embedded server can't keep its data in {paths.data_dir}:\n"
            f"{error}.\n"
            "Name a directory that you may write to: broker='embedded:///some/dir', "
            "or set XDG_DATA_HOME."
        ) from error


def disk_full(paths: Paths) -> str:
    """The message of a full disk."""
    return (
        f"disk full: the embedded server has no room to write in {paths.data_dir}.\n"
        "Free some space there; it goes on by itself. No confirmed job is lost.\n"
        f"Log: {paths.log}"
    )


def _check_contents(paths: Paths) -> None:
    if paths.marker.exists():
        return
    strange = {entry.name for entry in paths.data_dir.iterdir()} - _HARMLESS
    if strange and not paths.marker.exists():  # asked again: another process may just have begun
        raise EmbeddedRefused(
            f"{paths.data_dir} holds other files ({min(strange)!r}) "
            "and no data of an embedded server.\n"
            "Name an empty or new directory: broker='embedded:///some/dir'."
        )


def _choose(paths: Paths) -> Binary:
    try:
        marker = markers.read_marker(paths.marker)
    except ValueError as error:
        raise EmbeddedRefused(
            f"{paths.marker} is damaged, so it is unknown which server wrote the data.\n"
            "Restore that file from a backup, or name another directory: "
            "broker='embedded:///some/dir'."
        ) from error
    if marker and marker.format != markers.FORMAT:
        raise EmbeddedRefused(
            f"The data in {paths.data_dir} has format {marker.format}; "
            f"this streamq knows format {markers.FORMAT}.\n"
            "Use the streamq release that wrote it, or name another directory: "
            "broker='embedded:///some/dir'."
        )
    try:
        return find_binary(lambda binary: markers.unfit(marker, binary))
    except EmbeddedMissing as error:
        if marker is None:
            raise
        raise EmbeddedRefused(
            f"No server here can use the data in {paths.data_dir}, written by {marker}.\n"
            f"{str(error).splitlines()[0]}\n"
            f"Install {marker.flavour} {marker.version[0]}.{marker.version[1]} or later, "
            "or name another directory:\nbroker='embedded:///some/dir'."
        ) from error


def prepare_socket_folder(socket: Path, paths: Paths) -> None:
    """Make the folder of a socket that lies elsewhere, and trust it only if it is ours."""
    if socket == paths.near_socket:
        return
    base = socket.parent.parent
    for folder in (base, socket.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        if not is_private(folder):  # in /tmp anyone may have made that name before us
            raise EmbeddedRefused(
                f"{folder} is not a directory of yours alone, so no socket goes there.\n"
                "Have it removed, or name a data directory with a shorter path: "
                f"broker='embedded:///some/dir'\n(a {SOCKET_NAME} below it must fit in 103 bytes)."
            )
