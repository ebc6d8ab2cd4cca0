"""Signatures: `add.s(2, 2)`, a call to make later, to link, to send. Workflows are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from streamq.celery.later import refuse_workflow
from streamq.celery.registry import current_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.celery.app import Celery
    from streamq.celery.result import AsyncResult


class Signature(dict[str, Any]):
    """A call: a dict of plain data, so it can be sent to another process."""

    def __init__(
        self,
        task: Any = None,
        args: Any = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        type: object = None,
        subtask_type: object = None,
        immutable: bool = False,
        app: Celery | None = None,
        **more: Any,
    ) -> None:
        del type, subtask_type
        self._app = app
        if isinstance(task, Mapping):
            super().__init__(task)
            return
        super().__init__(
            task=getattr(task, "name", task),
            args=tuple(args or ()),
            kwargs=dict(kwargs or {}),
            options={**(options or {}), **more},
            immutable=immutable,
        )

    @property
    def app(self) -> Celery:
        """The application that it is called with."""
        return self._app or current_app()

    task = property(lambda self: self["task"])
    name = task
    args = property(lambda self: tuple(self["args"]))
    kwargs = property(lambda self: self["kwargs"])
    options = property(lambda self: self["options"])
    immutable = property(lambda self: self.get("immutable", False))

    @property
    def id(self) -> str | None:
        """The id that the call was given."""
        found: str | None = self.options.get("task_id")
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the task here, as the function that it is."""
        done = self.clone(args, kwargs)
        return self.app.tasks[self.task](*done.args, **done.kwargs)

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult:
        """Enqueue it; arguments go before its own."""
        return self.apply_async(args, kwargs)

    def apply_async(self, args: Any = (), kwargs: Any = None, **options: Any) -> AsyncResult:
        """Enqueue it under more options."""
        call = self.clone(args, kwargs, **options)
        return self.app.send_task(call.task, call.args, call.kwargs, **call.options)

    def apply(self, args: Any = (), kwargs: Any = None, **options: Any) -> AsyncResult:
        """Run it here and now."""
        call = self.clone(args, kwargs, **options)
        return self.app.tasks[self.task].apply(call.args, call.kwargs, **call.options)

    def clone(self, args: Any = (), kwargs: Any = None, **options: Any) -> Signature:
        """A copy; arguments go before its own, unless it is immutable."""
        given = () if self.immutable else tuple(args or ())
        named = {} if self.immutable else dict(kwargs or {})
        copied = Signature(dict(self), app=self._app)
        copied["args"] = given + self.args
        copied["kwargs"] = {**self.kwargs, **named}
        copied["options"] = {**self.options, **options}
        return copied

    partial = clone

    def set(self, immutable: bool | None = None, **options: Any) -> Signature:
        """Set options, here."""
        if immutable is not None:
            self["immutable"] = immutable
        self["options"] = {**self.options, **options}
        return self

    def set_immutable(self, immutable: bool) -> None:
        """Whether results of others are not added to its arguments."""
        self["immutable"] = immutable

    def link(self, callback: Any) -> Any:
        """Enqueue this call, too, with the result, when the task succeeds."""
        return self._add("link", callback)

    def link_error(self, errback: Any) -> Any:
        """Enqueue this call, too, when the task fails."""
        return self._add("link_error", errback)

    def on_error(self, errback: Any) -> Signature:
        """As `link_error`; returns this signature."""
        self.link_error(errback)
        return self

    def _add(self, name: str, given: Any) -> Any:
        there = several(self.options.get(name) or [])
        self["options"] = {**self.options, name: [*there, *several(given)]}
        return given

    def plain(self) -> dict[str, Any]:
        """It and what is linked to it as dicts, to be sent."""
        options = dict(self.options)
        for name in ("link", "link_error"):
            if options.get(name):
                options[name] = [one.plain() for one in several(options[name])]
        return {**self, "options": options}

    def __or__(self, other: object) -> NoReturn:
        raise refuse_workflow("chain (a | b)")

    def __deepcopy__(self, memo: dict[int, Any]) -> Signature:
        return self.clone()

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"{self.task}({', '.join(given)})"


def signature(given: Any, *args: Any, app: Celery | None = None, **more: Any) -> Signature:
    """A signature of a task, a task's name, or a signature as plain data."""
    if isinstance(given, Signature):
        return given.clone() if not args and not more else Signature(given.task, *args, **more)
    more["app"] = app
    return Signature(given, *args, **more)


subtask = signature


def several(signatures: Any) -> list[Signature]:
    """One signature or several, as a list."""
    return [
        signature(one) for one in ([signatures] if isinstance(signatures, dict) else signatures)
    ]


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        """Not in this version: raises `ConfigurationError`."""
        raise refuse_workflow(name)

    return refuse


chain, group, chord = _refusing("chain"), _refusing("group"), _refusing("chord")
xmap, xstarmap, chunks = _refusing("xmap"), _refusing("xstarmap"), _refusing("chunks")
