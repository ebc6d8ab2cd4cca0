"""`current_app` and `current_task`: whichever it is when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.celery.registry import registry

if TYPE_CHECKING:
    from collections.abc import Callable


class Proxy:
    """Passes everything on to what the function gives now."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        """An attribute of what there is now."""
        return getattr(self._find(), name)

    def __bool__(self) -> bool:
        return bool(self._find())

    def __repr__(self) -> str:
        return repr(self._find())


current_app: Any = Proxy(lambda: registry.current)
current_task: Any = Proxy(lambda: registry.current.current_task)
