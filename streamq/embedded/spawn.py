"""Start a keeper that outlives this process and its terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.embedded.errors import EmbeddedRefused, EmbeddedUnavailable

if TYPE_CHECKING:
    from streamq.embedded.orders import Orders
    from streamq.embedded.paths import Paths

LOCK_TAKEN = 75  # the keeper's exit code when another one has the directory

# A process that lives for hours gets what it needs and none of the starter's secrets.
_KEPT = {
    "PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "TMPDIR", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE",
    "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__",
}  # fmt: skip


def spawn_keeper(paths: Paths, orders: Orders, seconds: float) -> bool:
    """Start a keeper; True once it holds its lock, False if another keeper has it.

    It forks itself away from us, so that nobody here has to wait for it later;
    what we start and wait for (at most `seconds`) is only its first half.
    Raises EmbeddedUnavailable.
    """
    command = [_python(), "-P", "-m", "streamq.embedded.keeper", *orders.argv()]
    log = os.open(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        first_half = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd="/", env=_environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    except OSError as error:
        raise EmbeddedRefused(
            f"The embedded server's keeper can't be started with this Python:\n{error}"
        ) from error
    finally:
        os.close(log)
    try:
        code = first_half.wait(seconds)
    except subprocess.TimeoutExpired:
        first_half.kill()
        first_half.wait()
        raise EmbeddedUnavailable(_failure(paths, "did not start in time")) from None
    if code not in {0, LOCK_TAKEN}:
        raise EmbeddedUnavailable(_failure(paths, f"did not start (exit code {code})"))
    return code == 0


def _failure(paths: Paths, what: str) -> str:
    try:
        last = paths.log.read_text(errors="replace").strip().splitlines()[-1:]
    except OSError:
        last = []
    return "\n".join([f"The embedded server's keeper {what}.", *last, f"Log: {paths.log}"])


def _python() -> str:
    """The interpreter to run it with, also where Python is embedded in a web server."""
    here = Path(sys.executable or "")
    if getattr(sys, "frozen", False):
        raise EmbeddedRefused(
            "The embedded server can't be started from a frozen application.\n"
            "Use a server of its own: STREAMQ_BROKER_URL=redis://host"
        )
    if here.name.startswith(("python", "pypy")):
        return str(here)
    return str(Path(sys.prefix) / "bin" / "python3")  # uwsgi, mod_wsgi: executable is the server


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith(("LC_", "XDG_"))}
    # Its folder is `/`, so a relative entry has to be made absolute; and streamq is found
    # where this process found it, be that a checkout in the current folder.
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    home = Path(__file__).parents[2]
    installed = home.name in {"site-packages", "dist-packages"} and home.is_relative_to(sys.prefix)
    if not installed:
        entries.append(str(home))
    if entries:
        kept["PYTHONPATH"] = os.pathsep.join(os.path.abspath(entry) for entry in entries)  # noqa: PTH100
    return kept
