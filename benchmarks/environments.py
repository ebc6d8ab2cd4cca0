"""Each peer in a virtual environment of its own, with pinned versions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = HERE / "peers" / "pins"
OWN = Path(sys.prefix)  # streamq's own: the environment that this runs in

# driver module -> name of its pins
PEERS = {
    "taskiq": "taskiq",
    "celery": "celery",
    "dramatiq": "dramatiq",
    "streaq": "streaq",
    "saq": "saq",
    "arq": "arq",
    "bullmq": "bullmq",
    "rq": "rq",
    "rq_simple": "rq",
    "huey": "huey",
}


def environment(peer: str) -> Path:
    """Where a peer's environment lies; streamq's is the one that this runs in."""
    return OWN if peer == "streamq" else HERE / ".venvs" / PEERS[peer]


def install(peer: str) -> str | None:
    """Make the environment if it is missing or of other pins; why not, if it can't be."""
    if peer == "streamq":
        return None
    pins = PINS / f"{PEERS[peer]}.txt"
    folder = environment(peer)
    stamp = folder / "pins.txt"
    if stamp.exists() and stamp.read_text() == pins.read_text():
        return None
    print(f"installing {PEERS[peer]} in {folder.relative_to(HERE.parent)}", flush=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [
            *(str(folder / "bin" / "python"), "-m", "pip", "install", "-q"),
            *("--disable-pip-version-check", "-r", str(pins)),
        ],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return lines[-1][:200] if lines else f"exit code {done.returncode}"
    stamp.write_text(pins.read_text())
    return None
