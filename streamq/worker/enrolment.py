"""Keeps the worker known to its queues, also after the server has lost all it knew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import operations
from streamq.asking import ask_async
from streamq.jitter import jitter
from streamq.keys import registry
from streamq.limits_published import publish_question
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamq.limits_in_force import Application
    from streamq.worker.identity import Identity
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

RHYTHM_S = 10.0


class Enrolment(Duty):
    """Registers where the worker isn't known: at the start, and after a FLUSHALL."""

    def __init__(
        self,
        app: Application,
        queues: Sequence[ServedQueue],
        weather: Weather,
        *,
        identity: Identity,
        alive_ms: int,
        published: Mapping[str, Mapping[str, str]],
        settings: Mapping[str, Mapping[str, str]],
        calm_s: float,
    ) -> None:
        super().__init__(weather)
        self._app = app
        self._queues = queues
        self._identity = identity
        self._alive_ms = alive_ms
        self._published = published  # by queue: options of each task, as JSON
        self._settings = settings  # limits and weights by queue, as scripts read them
        self._rhythm_s = max(RHYTHM_S, 4 * calm_s)

    async def once(self) -> float:
        """Look in each queue, register where needed; returns seconds until the next look."""
        for queue in self._queues:
            key = queue.keys.key("worker_info")
            name = self._identity.name
            if not await self._app.client.command_async("HEXISTS", key, name, key=key):
                await self._register(queue)
        self.weather.answered()
        return self._rhythm_s * jitter.uniform(0.8, 1.0)

    async def _register(self, queue: ServedQueue) -> None:
        key = registry(queue.keys.namespace)
        await self._app.client.command_async("SADD", key, queue.name, key=key)
        await self._app.client.run_async(
            operations.register(
                queue.keys,
                worker=self._identity.name,
                alive_ms=self._alive_ms,
                info=self._identity.as_json(),
                tasks=self._published[queue.name],
            )
        )
        settings = self._settings.get(queue.name, {})
        await ask_async(self._app, publish_question(queue.keys, settings, self._app.runtime))
