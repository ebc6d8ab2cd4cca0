"""Scripts out of another folder, and those that a model is held to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamq import scripts

CHANGES = {  # a model's batches are small, and the same steps must always do the same
    "entries": ("#entries > 8", "#entries > 0"),  # enough to cut the stream off
    "pump_open": ("now_us % 2", "string.byte(ARGV[2], -1) % 2"),  # whose turn it is, by token
}


@contextmanager
def scripts_from(folder: Path) -> Iterator[None]:
    """streamq's scripts are those of this folder."""
    before = scripts.lua_folder
    scripts.lua_folder = lambda: folder  # type: ignore[assignment]
    scripts.load.cache_clear()
    try:
        yield
    finally:
        scripts.lua_folder = before
        scripts.load.cache_clear()


@contextmanager
def adapted_scripts() -> Iterator[None]:
    """The scripts with `CHANGES`."""
    with tempfile.TemporaryDirectory() as made:
        folder = shutil.copytree(scripts.lua_folder(), Path(made) / "lua")
        for name, (old, new) in CHANGES.items():
            path = folder / "lib" / f"{name}.lua"
            text = path.read_text()
            assert old in text  # more than once in a marked copy (tests/mutants/marks.py)
            path.write_text(text.replace(old, new))
        with scripts_from(folder):
            yield
