"""How much a queue may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a queue may hold; None: any amount."""

    max_jobs: int | None = None  # that have not ended, without the dead
    max_bytes: int | None = None  # of their encoded calls
