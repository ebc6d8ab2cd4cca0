"""`task_routes` and `task_annotations`: options by the names of tasks.

Call options win over annotations, those over the task's own options, those over routes, those
over the settings' defaults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from fnmatch import translate
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from streamq.errors import ConfigurationError
from streamq.options import CallOptions, task_options

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_GLOB = re.compile(r"[*?\[]")
_EVERY = "*"


class RouteMap:
    """A dict of routes: a name wins over patterns, of which the first that matches counts."""

    def __init__(self, given: Mapping[Any, Any], what: str) -> None:
        self._names: dict[str, CallOptions] = {}
        self._patterns: list[tuple[re.Pattern[str], CallOptions]] = []
        for key, value in given.items():
            options = _route(value, f"{what}[{getattr(key, 'pattern', key)!r}]")
            if isinstance(key, re.Pattern):
                self._patterns.append((key, options))
            elif not isinstance(key, str):
                raise TypeError(f"{what}: {key!r} is no task's name, glob or compiled pattern")
            elif _GLOB.search(key):
                self._patterns.append((re.compile(translate(key)), options))
            else:
                self._names[key] = options
        self._keys = [getattr(key, "pattern", key) for key in given]

    def find(self, name: str) -> CallOptions | None:
        """The options for a task's name."""
        if name in self._names:
            return self._names[name]
        return next((options for found, options in self._patterns if found.match(name)), None)

    @property
    def queues(self) -> Iterator[str]:
        """The queues that it names."""
        several = [*self._names.values(), *(options for _, options in self._patterns)]
        return (options.queue for options in several if options.queue)

    def __repr__(self) -> str:
        return ", ".join(map(str, self._keys)) or "nothing"


class Dotted:
    """A callable by its dotted name, imported when first called: it may be a task's module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import it once, and call it."""
        return self.load()(*args, **kwargs)

    def load(self) -> Callable[..., Any]:
        """What the name stands for; `ConfigurationError` if there is no such thing."""
        self._found = self._found or self._import()
        return self._found

    def _import(self) -> Callable[..., Any]:
        module, _, attribute = self.name.replace(":", ".").rpartition(".")
        try:
            found: Any = getattr(import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"task_routes: {self.name!r}: {error}") from error
        if not callable(found):
            raise ConfigurationError(f"task_routes: {self.name!r} is no function: {found!r}")
        return found  # type: ignore[no-any-return] # anything callable

    def __repr__(self) -> str:
        return self.name


class Annotations(Protocol):
    """What can be in `task_annotations`: an object that says what changes for a task."""

    def annotate(self, task: Any) -> Mapping[str, Any] | None:
        """Options for this task, which has a `name`; None: none."""
        ...


class AnnotationMap:
    """A dict of annotations by task name; `*` is for every task without options of its own."""

    def __init__(self, given: Mapping[str, Any], what: str) -> None:
        for key, value in given.items():
            _annotation(value, f"{what}[{key!r}]")
        self._given = dict(given)

    def annotate(self, task: Any) -> Mapping[str, Any] | None:
        """Those of this task, else of every task."""
        found: Mapping[str, Any] | None = self._given.get(task.name)
        every: Mapping[str, Any] | None = self._given.get(_EVERY)
        return {**(every or {}), **(found or {})} if found or every else None

    def __repr__(self) -> str:
        return ", ".join(self._given) or "nothing"


def _annotation(given: Any, where: str) -> CallOptions:
    if not isinstance(given, Mapping):
        raise TypeError(f"{where}: must be a dict of options, not {given!r}")
    return task_options(given, where)


Router: TypeAlias = RouteMap | Callable[..., Any]


class Routing:
    """The routes and annotations of an application as they are now."""

    def __init__(self, routers: tuple[Router, ...], annotations: tuple[Annotations, ...]) -> None:
        self._routers = routers
        self._annotations = annotations
        self.by_call = any(not isinstance(one, RouteMap) for one in routers)  # asked at each call

    def of(self, name: str) -> CallOptions:
        """What the dicts among the routes say of a task; the first that says something counts."""
        maps = (one.find(name) for one in self._routers if isinstance(one, RouteMap))
        return next((found for found in maps if found is not None), _NOTHING)

    def of_call(self, task: Any, args: Any, kwargs: Any, said: CallOptions) -> CallOptions:
        """What the routes say of one call: dicts and callables in turn."""
        for router in self._routers:
            if isinstance(router, RouteMap):
                found = router.find(task.name)
            else:
                answer = router(task.name, args, kwargs, said.said, task=task)
                found = None if answer is None else _route(answer, f"{router!r} in task_routes")
            if found is not None:
                return found
        return _NOTHING

    def annotated(self, task: Any) -> CallOptions:
        """What wins over a task's own options."""
        for one in self._annotations:
            if found := one.annotate(task):
                return _annotation(found, f"task_annotations for {task.name}")
        return _NOTHING

    @property
    def queues(self) -> Iterator[str]:
        """The queues that dicts name, for a worker to serve."""
        return (queue for one in self._routers if isinstance(one, RouteMap) for queue in one.queues)


_NOTHING = CallOptions()


def without(options: CallOptions, names: Collection[str]) -> CallOptions:
    """The options but for these."""
    kept = {one.name: getattr(options, one.name) for one in fields(options)}
    return CallOptions(**{name: value for name, value in kept.items() if name not in names})


def as_routers(given: Any, what: str) -> tuple[Router, ...]:
    """What `task_routes` may be, prepared; raises `TypeError` or `ValueError`."""
    several = given if isinstance(given, (list, tuple)) else (given,)
    if several and all(isinstance(one, tuple) and len(one) == _PAIR for one in several):
        several = (dict(several),)  # Celery's spelling of a dict with an order
    return tuple(_router(one, what) for one in several)


def as_annotations(given: Any, what: str) -> tuple[Annotations, ...]:
    """What `task_annotations` may be, prepared; raises `TypeError` or `ValueError`."""
    several = given if isinstance(given, (list, tuple)) else (given,)
    found: list[Annotations] = []
    for one in several:
        if isinstance(one, Mapping):
            found.append(AnnotationMap(one, what))
        elif hasattr(one, "annotate"):
            found.append(one)
        else:
            raise TypeError(f"{what}: {one!r} is no dict by task name, nor has it annotate(task)")
    return tuple(found)


_PAIR = 2


def _router(given: Any, what: str) -> Router:
    if isinstance(given, RouteMap):
        return given
    if callable(given):
        function: Callable[..., Any] = given
        return function
    if isinstance(given, Mapping):
        return RouteMap(given, what)
    if isinstance(given, (list, tuple)) and all(len(one) == _PAIR for one in given):
        return RouteMap(dict(given), what)
    if isinstance(given, str) and "." in given.replace(":", "."):
        return Dotted(given)
    raise TypeError(
        f"{what}: {given!r} is no dict of task names and queues, no function and no name of one"
    )


def _route(value: Any, what: str) -> CallOptions:
    given = {"queue": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise TypeError(f"{what}: must be a queue's name or a dict of options, not {value!r}")
    return task_options(given, what)
