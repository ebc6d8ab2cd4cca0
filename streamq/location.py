"""How another process can import an application: found from where it was made."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType


class Location:
    """Remembers the module that made an object; the variable that holds it is looked up later."""

    def __init__(self, frame: FrameType) -> None:
        self._names: dict[str, Any] = frame.f_globals  # of the module, as it will be

    def of(self, thing: object) -> str | None:
        """`module:attribute` or `path/file.py:attribute`; None where no variable holds it."""
        names = self._names
        attribute = next((name for name, it in list(names.items()) if it is thing), None)
        if attribute is None:
            return None
        module = names.get("__name__")
        if module == "__main__":
            spec = names.get("__spec__")  # python -m shop.tasks
            file = names.get("__file__")
            module = spec.name if spec else os.path.realpath(file) if file else None
        elif sys.modules.get(str(module)) is None:
            module = names.get("__file__")  # run by path, under a name that can't be imported
        return f"{module}:{attribute}" if module else None
