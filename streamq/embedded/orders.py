"""What a keeper is told on its command line, which `ps` shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Orders:
    """The keeper's arguments, all as text."""

    data_dir: str  # absolute
    socket: str  # where the server shall listen; absolute
    server: str  # the server's binary; absolute
    version: str  # "valkey 9.1.2"
    idle: str  # seconds without a client after which it ends; "inf": never
    token: str  # by which the starter knows its keeper's words

    def argv(self) -> list[str]:
        """As a command line."""
        words = []
        for field in fields(self):
            words += [f"--{field.name.replace('_', '-')}", getattr(self, field.name)]
        return words

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Orders:
        """Read what `argv()` wrote. Raises TypeError for anything else."""
        pairs = dict(zip(argv[::2], argv[1::2], strict=False))
        return cls(**{flag.lstrip("-").replace("-", "_"): value for flag, value in pairs.items()})
