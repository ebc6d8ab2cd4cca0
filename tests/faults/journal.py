"""What really ran: each run leaves a line in a file of its own process.

An append is one `write`, and what a killed process wrote stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streamq import current_job

FOLDER = "STORM_JOURNAL"  # in the environment of workers: where the files are


@dataclass(frozen=True)
class Line:
    """One run, or one end of a run."""

    number: int  # what the job is about
    id: str
    attempt: int
    crashes: int
    pid: int


def write(number: int, what: str = "runs") -> None:
    """Note that the current job's run begins, or another event of it."""
    job = current_job()
    line = f"{number} {job.id} {job.attempt} {job.crashes}\n".encode()
    path = Path(os.environ[FOLDER]) / f"{os.getpid()}.{what}"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line)
    os.close(descriptor)


def read(folder: Path, what: str = "runs") -> Iterator[Line]:
    """All lines of all processes."""
    for journal in folder.glob(f"*.{what}"):
        for line in journal.read_text().splitlines():
            number, job_id, attempt, crashes = line.split()
            yield Line(int(number), job_id, int(attempt), int(crashes), int(journal.stem))
