"""`app = Celery('proj', broker='redis://localhost')`: an application in Celery's words."""

from __future__ import annotations

import logging
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from streamq.app import StreamQ
from streamq.celery import canvas
from streamq.celery.call_options import call_options
from streamq.celery.configuring import CeleryConfiguring
from streamq.celery.control import Control
from streamq.celery.loading import Modules
from streamq.celery.registry import registry
from streamq.celery.request import current
from streamq.celery.result import AsyncResult
from streamq.celery.running import runner
from streamq.celery.settings import CelerySettings
from streamq.celery.task import Task
from streamq.celery.task_options import check_names, streamq_options
from streamq.definition import default_name
from streamq.errors import ConfigurationError
from streamq.location import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

log = logging.getLogger("streamq.celery")

# What Celery(…) takes beside settings and what means nothing here.
_IGNORED = {"loader", "amqp", "events", "log", "tasks", "changes", "fixups", "autofinalize"}
_IGNORED |= {"strict_typing", "backend_cls", "broker_pool"}


class Celery(CeleryConfiguring, StreamQ):
    """A StreamQ application with Celery's tasks, results, names, settings and defaults."""

    settings_class = CelerySettings
    conf: CelerySettings

    def __init__(
        self,
        main: str | None = None,
        *,
        broker: str | None = None,
        backend: str | None = None,
        include: Iterable[str] | None = None,
        config_source: Any = None,
        set_as_default: bool = True,
        task_cls: type[Task] | None = None,
        **settings: Any,
    ) -> None:
        for name in _IGNORED & settings.keys():
            del settings[name]
        super().__init__(main or "celery", broker=broker, backend=backend, **settings)
        self._made = Location(sys._getframe(1))  # noqa: SLF001 - where this one is written
        self.main = main
        self._celery_tasks: dict[str, Task] = {}
        self._modules = Modules(self, include or ())
        self._said: set[str] = set()
        self._lock = threading.RLock()
        self.Task: type[Task] = type("Task", (task_cls or Task,), {"app": self, "abstract": True})
        self.control = Control(self)
        if config_source is not None:
            self.config_from_object(config_source)
        registry.add_app(self, current=set_as_default)

    # --- tasks -----------------------------------------------------------------------------

    @overload  # type: ignore[override] # Celery's signature
    def task(self, function: Callable[..., Any], /) -> Task: ...
    @overload
    def task(self, **options: Any) -> Callable[[Callable[..., Any]], Task]: ...
    def task(self, *args: Any, **options: Any) -> Any:
        """Make a function a task: `@app.task`, or `@app.task(bind=True, max_retries=5)`.

        Takes Celery's options and streamq's. A misspelt one is a `TypeError` with the nearest;
        any other name becomes an attribute of the task.
        """
        if args and callable(args[0]):
            return self._from_function(args[0], **options)
        if args:
            raise TypeError(f"@app.task({args[0]!r}): options are given by name, as in name='add'")
        return partial(self._from_function, **options)

    def _from_function(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        bind: bool = False,
        base: type[Task] | None = None,
        **options: Any,
    ) -> Task:
        name = name or default_name(function, self.name)
        check_names(options, f"@app.task on {name}")
        attributes = {
            **options,
            "name": name,
            "app": self,
            "abstract": False,
            "run": function if bind else staticmethod(function),
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "__wrapped__": function,
        }
        kind = type(function.__name__, (base or self.Task,), attributes)
        return self._register_celery(kind(), function, options, bound=bind)

    def register_task(self, task: Task | type[Task], **options: Any) -> Task:
        """Add a task that is a class of its own, with a `run` method."""
        made = task() if isinstance(task, type) else task
        made.app = self
        made.name = made.name or f"{type(made).__module__}.{type(made).__qualname__}"
        return self._register_celery(made, made.run, options, bound=False)

    def _register_celery(
        self, task: Task, function: Callable[..., Any], options: Mapping[str, Any], *, bound: bool
    ) -> Task:
        self.conf.annotate(task)
        said = streamq_options(self, task, options)
        run_job = runner(task, function, bound=bound)
        task.core = super().task(name=task.name, **said)(run_job)
        self._celery_tasks[task.name] = task
        return task

    cron: Callable[..., Callable[[Any], Task]]  # type: ignore[assignment] # it makes Celery's tasks
    every: Callable[..., Callable[[Any], Task]]  # type: ignore[assignment] # the same

    def _decorator(self, where: str, when: dict[str, Any], options: Any) -> Any:
        """Of `cron` and `every`: what is above a task of Celery's schedules it as it is."""
        declare = super()._decorator(where, when, options)

        def declared(function: Callable[..., Any] | Task) -> Task:
            task = function if isinstance(function, Task) else self.task(function)
            declare(task.core)
            return task

        return declared

    @property
    def made_tasks(self) -> Mapping[str, Task]:
        """The tasks that are registered so far; imports nothing."""
        return self._celery_tasks

    @property
    def tasks(self) -> Mapping[str, Task]:  # type: ignore[override] # they answer as streamq's do
        """The registered tasks by name, those of `include` and `autodiscover_tasks` too."""
        self.load_modules()
        return self._celery_tasks

    def queues(self) -> list[str]:
        """The default queue and every queue that a task names."""
        self.load_modules()
        return super().queues()

    def load_modules(self) -> None:
        """Import what `include`, `imports` and `autodiscover_tasks` name, once."""
        self._modules.load()
        for task in self._celery_tasks.values():  # what was set after they were registered
            self.conf.annotate(task)

    loader_import_default_modules = finalize = load_modules

    def autodiscover_tasks(
        self,
        packages: Iterable[str] | Callable[[], Iterable[str]] | None = None,
        related_name: str | None = "tasks",
        force: bool = False,
    ) -> None:
        """Import the module `tasks` of each package, when tasks are first asked for.

        A package without one is passed over; `related_name=None` imports the packages themselves.
        """
        self._modules.discover(packages, related_name)
        if force:
            self.load_modules()

    def gen_task_name(self, name: str, module: str) -> str:
        """The name of a function's task."""
        return f"{self.name if module == '__main__' else module}.{name}"

    # --- calls -----------------------------------------------------------------------------

    def send_task(  # type: ignore[override] # Celery's signature
        self,
        name: str,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Enqueue a task by its name, whether or not its function is here."""
        if task := self._celery_tasks.get(name):
            return task.apply_async(args, kwargs, **options)
        said = self.call_options(name, options)
        job = self.call(name, args or (), kwargs, **said).delay()
        return AsyncResult(options.get("task_id") or job.id, task_name=name, app=self, job=job)

    def signature(self, *args: Any, **options: Any) -> canvas.Signature:
        """A signature that is called with this application."""
        return canvas.signature(*args, app=self, **options)

    def AsyncResult(self, task_id: str, *args: Any, **options: Any) -> AsyncResult:
        """The result of a task by its id, also one that the caller gave as `task_id`."""
        return AsyncResult(task_id, *args, **{**options, "app": self})

    def call_options(self, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of one call as streamq takes them."""
        return call_options(self, task, given)

    # --- the rest --------------------------------------------------------------------------

    def setting(self, name: str, *, default: Any) -> Any:
        """A setting of Celery's by its name."""
        return getattr(self.conf, name, default)

    def say_once(self, what: str, message: str) -> None:
        """Warn of something that means nothing here, the first time only."""
        with self._lock:
            if what in self._said:
                return
            self._said.add(what)
        log.warning("%s", message)

    @property
    def current_task(self) -> Task | None:
        """The task that this code runs in."""
        running = current()
        return self._celery_tasks.get(running.task or "") if running else None

    def set_current(self) -> None:
        """Make it the application of shared tasks and of results by id."""
        registry.current = self

    set_default = set_current

    def start(self, *_: Any) -> None:
        """Not here: raises `ConfigurationError` that says how a worker is started."""
        raise ConfigurationError(
            "a worker is started from the command line:\n"
            f"  streamq -A {self.location or 'module:app'} worker --loglevel INFO"
        )

    worker_main = start

    def __repr__(self) -> str:
        return f"<Celery {self.name}: {len(self._celery_tasks)} tasks>"
