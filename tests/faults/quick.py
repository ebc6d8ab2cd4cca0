"""Imported by applications of this suite: what is killed is replaced without a growing pause."""

from __future__ import annotations

import os

from streamq.worker import place

QUICK = "STREAMQ_TEST_QUICK"  # in the environment of a supervisor

if os.environ.get(QUICK):
    place.LONGEST_PAUSE_S = place.FIRST_PAUSE_S
