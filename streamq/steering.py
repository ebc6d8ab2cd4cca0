"""The part of an application that steers its queues at run time: limits, pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.app_limits import AppLimits
    from streamq.limits_in_force import Application
    from streamq.pausing import Pause


class Steering:
    """See `StreamQ`. What is changed here holds for all workers at once, and survives restarts."""

    @property
    def limits(self: Application) -> AppLimits:
        """Limits at run time: `app.limits.set("github", "20/m")`."""
        from streamq.app_limits import AppLimits  # noqa: PLC0415 - talks to the server

        return AppLimits(self)

    def pause(
        self: Application,
        queue: str | None = None,
        *,
        task: str | None = None,
        lane: str | None = None,
    ) -> bool:
        """Start no more jobs of a queue, a task or a lane; whether that is new.

        `app.pause("mail")`, `app.pause(task="shop.send")` (in its queue), `app.pause("mail",
        lane="tenant-7")`. Running jobs finish; what is enqueued waits, and `expires` still counts.
        """
        from streamq.pausing import pause_question  # noqa: PLC0415 - as above

        return self.runtime.desk.ask(pause_question(self, queue, task, lane))

    async def apause(
        self: Application,
        queue: str | None = None,
        *,
        task: str | None = None,
        lane: str | None = None,
    ) -> bool:
        """As `pause`, from async code."""
        from streamq.pausing import pause_question  # noqa: PLC0415 - as above

        return await self.runtime.desk.aask(pause_question(self, queue, task, lane))

    def resume(
        self: Application,
        queue: str | None = None,
        *,
        task: str | None = None,
        lane: str | None = None,
    ) -> bool:
        """Undo `pause`; whether it was paused."""
        from streamq.pausing import resume_question  # noqa: PLC0415 - as above

        return self.runtime.desk.ask(resume_question(self, queue, task, lane))

    async def aresume(
        self: Application,
        queue: str | None = None,
        *,
        task: str | None = None,
        lane: str | None = None,
    ) -> bool:
        """As `resume`, from async code."""
        from streamq.pausing import resume_question  # noqa: PLC0415 - as above

        return await self.runtime.desk.aask(resume_question(self, queue, task, lane))

    def paused(self: Application, queue: str | None = None) -> list[Pause]:
        """What is paused, in a queue or in all."""
        from streamq.pausing import paused_question  # noqa: PLC0415 - as above

        return self.runtime.desk.ask(paused_question(self, queue))

    async def apaused(self: Application, queue: str | None = None) -> list[Pause]:
        """As `paused`, from async code."""
        from streamq.pausing import paused_question  # noqa: PLC0415 - as above

        return await self.runtime.desk.aask(paused_question(self, queue))
