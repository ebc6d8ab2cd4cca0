"""What applications will have in later versions: refused by name until then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


def _refusing(name: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(_app: object, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Not in this version: raises `ConfigurationError`."""
        raise ConfigurationError(f"this version has no app.{name} yet; {instead}")

    return refuse


class Later:
    """Parts of an application that this version doesn't have."""

    __slots__ = ()

    cron = _refusing("cron", "call .delay() from your system's scheduler")
    every = _refusing("every", "call .delay() from your system's scheduler")
    schedules = property(_refusing("schedules", "call .delay() from your system's scheduler"))
