"""The file that says whose data a directory holds and which server wrote it.

Written before the server first runs on the data: a newer server rewrites files in
its own format, and an older one, or one of the other flavour, may then fail to read
them in ways that look like damage. So it is refused before it can try.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from streamq.embedded.binary import Binary

FORMAT = 1  # of the directory as a whole
_LAST_COMMON = (7, 2)  # Valkey began from this Redis and reads what it wrote


@dataclass(frozen=True, slots=True)
class Marker:
    """What is known of the data."""

    format: int
    flavour: str  # of the server that wrote last
    version: tuple[int, int, int]  # of that server
    uid: int  # of the user who made it; the file's owner decides

    def __str__(self) -> str:
        return f"{self.flavour} {'.'.join(map(str, self.version))}"


def read_marker(path: Path) -> Marker | None:
    """Return what a directory says of itself; None if nothing. Raises OSError, ValueError."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(text)
        numbers = [int(part) for part in fields["version"]]
        version = (numbers[0], numbers[1], numbers[2])
        return Marker(int(fields["format"]), str(fields["flavour"]), version, int(fields["uid"]))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(str(error)) from error


def write_marker(path: Path, binary: Binary) -> None:
    """Note that this server writes the data from now on; all or nothing. Raises OSError."""
    marker = Marker(FORMAT, binary.flavour, binary.version, os.geteuid())
    fresh = path.with_name("run") / (path.name + ".new")
    with fresh.open("w") as file:
        json.dump(asdict(marker), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def unfit(marker: Marker | None, binary: Binary) -> str:
    """Say why this server can't be trusted with that data; "" if it can."""
    if marker is None:
        return ""
    if marker.flavour == binary.flavour:
        older = binary.version[:2] < marker.version[:2]  # a patch release never changes the format
        return f"{binary} is older than the {marker} that wrote the data" if older else ""
    if marker.flavour == "redis" and marker.version[:2] <= _LAST_COMMON:
        return ""
    return f"{binary} can't be relied on to read what {marker} wrote"
