"""How processes end: our exit codes, and anybody's in words."""

from __future__ import annotations

import signal
from contextlib import suppress

FAILED = 1
NO_SERVER = 69
REPLACED = 217  # a job wouldn't end; the others are to be handed back, and another process starts
NOT_CONFIGURED = 78  # the application can't be imported: starting again won't help


def how_it_died(code: int) -> str:
    """An exit code in words; negative ones are signals."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
