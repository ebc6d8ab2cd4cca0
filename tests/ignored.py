"""Signals that are ignored here, but not by what is started from here.

A shell's `&` ignores SIGINT and `nohup` SIGHUP, and what is ignored is handed down: a worker that
is just starting would never hear of them.
"""

from __future__ import annotations

import signal


def stay_here() -> None:
    """A handler that does nothing stands in for being ignored: it is not handed down."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
