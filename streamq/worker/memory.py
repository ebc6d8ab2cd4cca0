"""How much memory this process has."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

MIB = 1 << 20
_STATM = Path("/proc/self/statm")


def resident_mib() -> float:
    """Resident memory in MiB, now; where the system doesn't say, the most there has been."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / MIB if sys.platform == "darwin" else most / 1024  # bytes there, KiB elsewhere
    return pages * resource.getpagesize() / MIB
