"""The real input: the Python files of the interpreter's own standard library."""

from __future__ import annotations

import os
import sysconfig
from collections import Counter
from typing import TYPE_CHECKING

from streamq.demo.app import identifiers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event

_NOT_THE_LIBRARY = frozenset({"site-packages", "dist-packages", "__pycache__"})


def library_files(limit: int | None = None) -> list[str]:
    """Their paths in order; `limit` takes so many, spread over the whole library."""
    found = []
    for folder, below, names in os.walk(sysconfig.get_path("stdlib")):
        below[:] = sorted(set(below) - _NOT_THE_LIBRARY)
        found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]  # noqa: PTH118 - two thousand of them
    if limit is None or limit >= len(found):
        return found
    return [found[at * len(found) // limit] for at in range(limit)]


def direct_index(paths: Iterable[str], over: Event) -> Counter[str]:
    """The whole index, computed here and without a job; stops when it's `over`."""
    total: Counter[str] = Counter()
    for path in paths:
        if over.is_set():
            break
        total.update(identifiers(path))
    return total
