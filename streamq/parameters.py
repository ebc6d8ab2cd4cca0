"""The parameters of a callable: read cheaply, and written out for people and for `exec`.

Plain functions are read from their code object, in a few µs; `inspect` is asked only
about other callables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VARARGS, _VARKEYWORDS = 0x04, 0x08  # inspect.CO_VARARGS, CO_VARKEYWORDS


class Kind(Enum):
    """How a parameter may be given; numbered as inspect.Parameter does."""

    POSITIONAL_ONLY = 0
    PLAIN = 1
    VARARGS = 2
    KEYWORD_ONLY = 3
    VARKEYWORDS = 4

    @property
    def is_positional(self) -> bool:
        """Whether one argument by position can be meant for it."""
        return self in (Kind.POSITIONAL_ONLY, Kind.PLAIN)

    @property
    def is_single(self) -> bool:
        """Whether it takes one argument, not all the rest."""
        return self not in (Kind.VARARGS, Kind.VARKEYWORDS)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a callable."""

    name: str
    kind: Kind
    has_default: bool
    default: Any
    annotation: Any  # a string where annotations are not evaluated; None if there is none


def parameters_of(func: Callable[..., Any]) -> list[Parameter]:
    """The parameters of anything callable; ConfigurationError where they can't be known."""
    attributes = getattr(func, "__dict__", {})
    is_plain = "__signature__" not in attributes and "__wrapped__" not in attributes
    if type(func) is FunctionType and is_plain:
        return list(_of_function(func))
    return _of_callable(func)


def _of_function(func: FunctionType) -> Iterator[Parameter]:
    code = func.__code__
    names = code.co_varnames
    plain, keyword_only = code.co_argcount, code.co_kwonlyargcount
    values = func.__defaults__ or ()
    defaults = dict(zip(names[plain - len(values) : plain], values, strict=True))
    defaults |= func.__kwdefaults__ or {}
    hints = _raw_annotations(func)

    def parameter(name: str, kind: Kind) -> Parameter:
        return Parameter(name, kind, name in defaults, defaults.get(name), hints.get(name))

    for at, name in enumerate(names[:plain]):
        is_first = at < code.co_posonlyargcount
        yield parameter(name, Kind.POSITIONAL_ONLY if is_first else Kind.PLAIN)
    rest = iter(names[plain + keyword_only :])
    if code.co_flags & _VARARGS:
        yield parameter(next(rest), Kind.VARARGS)
    for name in names[plain : plain + keyword_only]:
        yield parameter(name, Kind.KEYWORD_ONLY)
    if code.co_flags & _VARKEYWORDS:
        yield parameter(next(rest), Kind.VARKEYWORDS)


def _raw_annotations(func: FunctionType) -> dict[str, Any]:
    try:
        return func.__annotations__
    except NameError:  # Python 3.14 evaluates them now; only the texts of messages miss them
        return {}


def _of_callable(func: Callable[..., Any]) -> list[Parameter]:
    inspect: Any = import_module("inspect")
    try:
        signature = inspect.signature(func)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{func!r} can't be a task: {error}") from None
    empty = inspect.Parameter.empty
    return [
        Parameter(
            p.name,
            Kind(int(p.kind)),
            p.default is not empty,
            p.default,
            None if p.annotation is empty else p.annotation,
        )
        for p in signature.parameters.values()
    ]


def listed(parameters: list[Parameter], write: Callable[[Parameter], str]) -> list[str]:
    """Each parameter as text, with `/` and `*` where they belong."""
    texts: list[str] = []
    starred = False
    for at, parameter in enumerate(parameters):
        kind = parameter.kind
        if kind is Kind.KEYWORD_ONLY and not starred:
            texts.append("*")
        starred = starred or kind in (Kind.VARARGS, Kind.KEYWORD_ONLY)
        stars = {Kind.VARARGS: "*", Kind.VARKEYWORDS: "**"}.get(kind, "")
        texts.append(stars + write(parameter))
        following = parameters[at + 1].kind if at + 1 < len(parameters) else None
        if kind is Kind.POSITIONAL_ONLY and following is not Kind.POSITIONAL_ONLY:
            texts.append("/")
    return texts


def written(parameters: list[Parameter]) -> list[str]:
    """Each parameter as a person would write it, with annotation and default."""

    def write(parameter: Parameter) -> str:
        hint = parameter.annotation
        text = parameter.name
        if hint is not None:
            text += f": {hint if isinstance(hint, str) else getattr(hint, '__qualname__', hint)}"
        if parameter.has_default:
            text += f"{' = ' if hint is not None else '='}{_short(parameter.default)}"
        return text

    return listed(parameters, write)


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # a default's own repr may raise anything
        return "..."
    return text if len(text) <= 40 else "..."  # noqa: PLR2004  # messages stay readable
