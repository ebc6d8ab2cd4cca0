"""The command line: parses and prints; what it shows comes from `inspection`, `control`, `worker`.

The only importer of click. `main` is what `streamq` runs; its answer is the exit code:
0 fine, 1 the answer is bad, 2 wrong usage, 69 no server, 78 configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` without the program's name, by default this process's own."""
    from streamq.cli.root import run

    return run(argv)
