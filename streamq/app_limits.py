"""`app.limits`: limits at run time, for every worker at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import ask, ask_async
from streamq.limits_in_force import (
    limit_question,
    limits_question,
    reset_question,
    set_question,
    weigh_question,
)

if TYPE_CHECKING:
    import builtins

    from streamq.limits import Concurrency, RateLimit
    from streamq.limits_in_force import Application, LimitInfo


class AppLimits:
    """The limits of an application's queues as they hold now. A change beats the code until reset.

    Names are those that `list()` gives: "shop.send/rate" for a task's own (or "shop.send" where
    that has one), "@queue/rate" for a queue's, and the names given to `app.limit`. Without `queue`
    all queues are looked through. Each has an async twin: `alist`, `aget`, `aset`, … Raises
    `ConfigurationError` for a limit that isn't there, with the nearest that is.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    def list(self, queue: str | None = None) -> builtins.list[LimitInfo]:
        """All of them, by queue and name."""
        return ask(self._app, limits_question(self._app, queue))

    async def alist(self, queue: str | None = None) -> builtins.list[LimitInfo]:
        """As `list`, from async code."""
        return await ask_async(self._app, limits_question(self._app, queue))

    def get(self, name: str, *, queue: str | None = None, key: str | None = None) -> LimitInfo:
        """One of them; with `key`, as it holds for that one."""
        return ask(self._app, limit_question(self._app, name, queue, key))

    async def aget(
        self, name: str, *, queue: str | None = None, key: str | None = None
    ) -> LimitInfo:
        """As `get`, from async code."""
        return await ask_async(self._app, limit_question(self._app, name, queue, key))

    def set(
        self,
        name: str,
        limit: str | int | RateLimit | Concurrency,
        *,
        queue: str | None = None,
        key: str | None = None,
    ) -> LimitInfo:
        """Change one: `app.limits.set("shop.send", "20/m")`. What holds from now on.

        `key`: of one key alone, as it comes out of the template in the code: "user:7" of
        "user:{user_id}". It beats what was changed for all keys, until it is reset itself.
        """
        return ask(self._app, set_question(self._app, name, limit, queue, key))

    async def aset(
        self,
        name: str,
        limit: str | int | RateLimit | Concurrency,
        *,
        queue: str | None = None,
        key: str | None = None,
    ) -> LimitInfo:
        """As `set`, from async code."""
        return await ask_async(self._app, set_question(self._app, name, limit, queue, key))

    def reset(self, name: str, *, queue: str | None = None, key: str | None = None) -> LimitInfo:
        """Let the code's word count again. What holds from now on."""
        return ask(self._app, reset_question(self._app, name, queue, key))

    async def areset(
        self, name: str, *, queue: str | None = None, key: str | None = None
    ) -> LimitInfo:
        """As `reset`, from async code."""
        return await ask_async(self._app, reset_question(self._app, name, queue, key))

    def weigh(self, lane: str, weight: float | None, *, queue: str) -> None:
        """Give a lane a share: 3 takes three turns where others take one. None: as in the code."""
        ask(self._app, weigh_question(self._app, lane, weight, queue))

    async def aweigh(self, lane: str, weight: float | None, *, queue: str) -> None:
        """As `weigh`, from async code."""
        await ask_async(self._app, weigh_question(self._app, lane, weight, queue))
