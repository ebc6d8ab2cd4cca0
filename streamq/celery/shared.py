"""`@shared_task`: a task for whichever application there is, in a module that imports none."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, overload

from streamq.celery.registry import current_app, registry
from streamq.definition import default_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.celery.app import Celery
    from streamq.celery.task import Task


class SharedTask:
    """Stands for the task of the current application: `add.delay(2, 2)`, `add.name`."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self._function, self._options = function, options
        registry.share(self._bind)

    def _bind(self, app: Celery) -> None:
        app.task(**self._options)(self._function)

    def _task(self) -> Task:
        app = current_app()
        name = self._options.get("name") or default_name(self._function, app.name)
        return app.made_tasks[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it here, also where there is no application."""
        if self._options.get("bind"):
            return self._task()(*args, **kwargs)
        return self._function(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Whatever the task has."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._task(), name)

    def __repr__(self) -> str:
        return f"<@shared_task: {self._function.__qualname__}>"


@overload
def shared_task(function: Callable[..., Any], /) -> SharedTask: ...
@overload
def shared_task(**options: Any) -> Callable[[Callable[..., Any]], SharedTask]: ...
def shared_task(*args: Any, **options: Any) -> Any:
    """Make a function a task of every application of this process, made before or after."""
    if args and callable(args[0]):
        return SharedTask(args[0], options)
    return partial(SharedTask, options=options)
