"""The modules that hold an application's tasks, imported when tasks are first asked for."""

from __future__ import annotations

import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.celery.app import Celery


class Modules:
    """`include`, `imports` and what `autodiscover_tasks` found; safe for threads."""

    def __init__(self, app: Celery, include: Iterable[str]) -> None:
        self._app = app
        self._include = (include,) if isinstance(include, str) else tuple(include)
        self._packages: list[tuple[Iterable[str] | Callable[[], Iterable[str]], str | None]] = []
        self._done: set[str] = set()
        self._lock = threading.RLock()

    def discover(
        self,
        packages: Iterable[str] | Callable[[], Iterable[str]] | None,
        related_name: str | None,
    ) -> None:
        """Look for a module of this name in these packages; None: beside the application."""
        if packages is None:
            main = self._app.main or ""
            packages = [main.rpartition(".")[0] or main] if main else []
        self._packages.append((packages, related_name))

    def load(self) -> None:
        """Import all that were not imported yet; raises what an import raises."""
        with self._lock:
            named = [*self._include]
            for setting in ("imports", "include"):
                given = self._app.setting(setting, default=()) or ()
                named += [given] if isinstance(given, str) else given
            for module in [*named, *self._found()]:
                if module not in self._done:
                    self._done.add(module)  # before: it may ask for tasks itself
                    import_module(module)

    def _found(self) -> list[str]:
        found = []
        for packages, related in self._packages:
            for package in packages() if callable(packages) else packages:
                name = f"{package}.{related}" if related else package
                if name not in self._done and _exists(name, package):
                    found.append(name)
        return found


def _exists(name: str, package: str) -> bool:
    import_module(package)
    return name == package or find_spec(name) is not None
