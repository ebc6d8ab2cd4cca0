"""The applications of this process and the tasks that are shared by them: the only module state."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.celery.app import Celery


class Registry:
    """Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._apps: WeakSet[Celery] = WeakSet()
        self._shared: list[Callable[[Celery], Any]] = []
        self._current: Celery | None = None

    def add_app(self, app: Celery, *, current: bool) -> None:
        """A new application: it gets the shared tasks."""
        with self._lock:
            self._apps.add(app)
            if current:
                self._current = app
            for bind in self._shared:
                bind(app)

    def share(self, bind: Callable[[Celery], Any]) -> None:
        """A task for all applications, those made later too."""
        with self._lock:
            self._shared.append(bind)
            for app in self._apps:
                bind(app)

    @property
    def current(self) -> Celery:
        """The application made last."""
        if self._current is None:
            raise ConfigurationError(
                "there is no Celery application yet: app = Celery('proj', broker='redis://…'),\n"
                "in a module that is imported before a task is called"
            )
        return self._current

    @current.setter
    def current(self, app: Celery) -> None:
        self._current = app


registry = Registry()


def current_app() -> Celery:
    """The application made last, or made current by `set_current()`."""
    return registry.current
