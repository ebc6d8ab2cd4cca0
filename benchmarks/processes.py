"""Processes under test: started in a session of their own, measured as a tree, ended for sure."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
_running: list[subprocess.Popen[bytes]] = []


def spawn(
    arguments: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process; what it prints goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    _running.append(process)
    return process


def stop(process: subprocess.Popen[bytes], patience: float = 2.0) -> None:
    """Ask it to end, then end it and whatever it started."""
    family = tree(process.pid) if process.poll() is None else []
    if family:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    for one in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    process.wait()
    if process in _running:
        _running.remove(process)


@atexit.register
def _stop_all() -> None:
    for process in _running:
        stop(process, patience=0.5)


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):  # it has just ended
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                found += [int(child) for child in children.read_text().split()]
    return found


def cpu_s(pid: int) -> float:
    """Seconds of CPU of a process tree so far, ended and waited-for children too."""
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(fields[at]) for at in (11, 12, 13, 14))
    return total / _TICKS


def waited_s(pid: int) -> float:
    """Seconds that the threads of one process were ready to run and waited for a core."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[1]) for one in tasks) / 1e9


def rss_mib(pid: int) -> float:
    """Resident memory of one process, shared pages too."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB / 1024


def threads_cpu_s(pid: int) -> dict[str, float]:
    """Seconds of CPU by thread name of one process."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            name, fields = task.joinpath("stat").read_text().split("(", 1)[1].rsplit(")", 1)
            found[name] = (
                found.get(name, 0.0) + sum(int(fields.split()[at]) for at in (11, 12)) / _TICKS
            )
    return found
