"""`app.control.revoke(id)`, `terminate(id)`, `rate_limit(…)`; the rest of it are commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from streamq.celery.task_options import as_rate
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.celery.app import Celery


def _refusing(name: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(_control: object, *_: Any, **__: Any) -> NoReturn:
        """Not here: raises `ConfigurationError` that says what to use."""
        raise ConfigurationError(f"app.control.{name} is not here; {instead}")

    return refuse


class Control:
    """See above."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def revoke(
        self,
        task_id: str | Iterable[str],
        destination: object = None,
        terminate: bool = False,
        signal: object = None,
        **_: Any,
    ) -> None:
        """Take tasks back before they run, by their ids; with `terminate=True` end running ones.

        It is known to Redis: no worker has to hear of it, and it holds after a restart.
        """
        del destination, signal
        for one in [task_id] if isinstance(task_id, str) else task_id:
            self._app.AsyncResult(one).revoke(terminate=terminate)

    def terminate(self, task_id: str | Iterable[str], *_: Any, **__: Any) -> None:
        """As `revoke(…, terminate=True)`."""
        self.revoke(task_id, terminate=True)

    def rate_limit(self, task_name: str, rate_limit: str | int, **_: Any) -> None:
        """Change a task's rate limit now, for all workers, until it is reset; 0 takes it back.

        The task must have one: a limit that is not declared has no jobs that wait for it.
        """
        rate = as_rate(rate_limit)
        if rate:
            self._app.limits.set(f"{task_name}/rate", rate)
        else:
            self._app.limits.reset(f"{task_name}/rate")

    inspect = _refusing("inspect", "use: streamq inspect running|scheduled|workers --json")
    ping = _refusing("ping", "use: streamq inspect workers")
    purge = _refusing("purge", "use: streamq cancel --queue QUEUE")
    shutdown = _refusing("shutdown", "send SIGTERM to the worker")
    broadcast = _refusing("broadcast", "workers take no commands; signals end them")
    time_limit = _refusing("time_limit", "set time_limit= on the task, or in task_annotations")
    add_consumer = _refusing("add_consumer", "start a worker with -Q QUEUE")
    cancel_consumer = _refusing("cancel_consumer", "start workers with the -Q that they serve")
    pool_grow = _refusing("pool_grow", "start a worker with another -c")
    pool_shrink = _refusing("pool_shrink", "start a worker with another -c")
    autoscale = _refusing("autoscale", "start a worker with another -c")
