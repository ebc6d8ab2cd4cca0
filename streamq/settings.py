"""One setting: what it may be, read from code and from the environment. `config` has them all."""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from streamq.durations import seconds
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamq.config import Settings

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class Source(StrEnum):
    """Where a setting's value comes from, the strongest first."""

    FLAG = "flag"  # of the command line
    ENVIRONMENT = "environment"  # STREAMQ_<SETTING>
    CODE = "code"  # StreamQ(…), app.conf
    FILE = "file"  # a configuration file
    DEFAULT = "default"


class Check(Protocol[R_co]):
    """Makes a setting's value of what was given; `TypeError` or `ValueError` say what it may be."""

    def __call__(self, given: Any, what: str, /) -> R_co:
        """Check one value; `what` begins a refusal."""
        ...


class Setting(Generic[T]):
    """A descriptor of `Settings`: reading gives the strongest source's value, writing checks it."""

    __slots__ = ("check", "default", "from_text", "help", "name")

    def __init__(
        self,
        default: T,
        check: Check[T],
        help: str,  # noqa: A002 - what `check` prints beside it
        from_text: Callable[[str], Any] = str,  # of an environment variable, before `check`
    ) -> None:
        self.default = default
        self.check = check
        self.help = help
        self.from_text = from_text
        self.name = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, of: type[object]) -> Setting[T]: ...
    @overload
    def __get__(self, owner: Settings, of: type[object]) -> T: ...
    def __get__(self, owner: Settings | None, of: type[object]) -> T | Setting[T]:
        if owner is None:
            return self
        value: T = owner.value(self.name)
        return value

    def __set__(self, owner: Settings, given: Any) -> None:
        owner.put(Source.CODE, {self.name: given})

    def checked(self, given: Any, what: str) -> T:
        """A valid value, or `ConfigurationError`; `what` says where it was given."""
        try:
            return self.check(given, what)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from None

    def read(self, text: str, variable: str) -> T:
        """A valid value from an environment variable's text, or `ConfigurationError`."""
        try:
            given = self.from_text(text)
        except ValueError as error:
            raise ConfigurationError(f"{variable}={text!r}: {error}") from None
        return self.checked(given, variable)


class Alias(Generic[T]):
    """Another name of a setting, as Celery's users write it: `task_default_queue`."""

    __slots__ = ("of", "owner")

    def __init__(self, _of: Setting[T], name: str) -> None:
        self.of = name  # the setting's own; what is given first is for type checkers
        self.owner: type[Any] = object

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.owner = owner

    @overload
    def __get__(self, owner: None, of: type[object]) -> Alias[T]: ...
    @overload
    def __get__(self, owner: Settings, of: type[object]) -> T: ...
    def __get__(self, owner: Settings | None, of: type[object]) -> T | Alias[T]:
        if owner is None:
            return self
        value: T = owner.value(self.of)
        return value

    def __set__(self, owner: Settings, given: Any) -> None:
        owner.put(Source.CODE, {self.of: given})


def duration(least: float = 0.0) -> Check[float]:
    """Seconds or a timedelta, at least so many seconds."""

    def check(given: Any, what: str) -> float:
        value = seconds(given, what)
        if value < least:
            raise ValueError(f"{what}: must be at least {least:g} s, not {value:g}")
        return value

    return check


def whole(least: int, most: int) -> Check[int]:
    """A whole number within bounds."""

    def check(given: Any, what: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int):
            raise TypeError(f"{what}: must be a whole number, not {given!r}")
        if not least <= given <= most:
            raise ValueError(f"{what}: must be {least} to {most}, not {given}")
        return given

    return check


def flag(given: Any, what: str) -> bool:
    """True or False."""
    if not isinstance(given, bool):
        raise TypeError(f"{what}: must be True or False, not {given!r}")
    return given


def word(pattern: str, rule: str) -> Check[str]:
    """A string that the pattern matches from end to end; `rule` says it in words."""
    fits = re.compile(pattern)

    def check(given: Any, what: str) -> str:
        if not isinstance(given, str):
            raise TypeError(f"{what}: must be a string, {rule}, not {given!r}")
        if not fits.fullmatch(given):
            raise ValueError(f"{what}: must be {rule}, not {given!r}")
        return given

    return check


def optional(check: Check[T]) -> Check[T | None]:
    """None, or what the other check takes."""

    def either(given: Any, what: str) -> T | None:
        return None if given is None else check(given, what)

    return either


def mapping(given: Any, what: str) -> Mapping[str, Any]:
    """A dict with names as keys."""
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise TypeError(f"{what}: must be a dict of names and values, not {given!r}")
    return MappingProxyType(dict(given))  # a change in place would go unnoticed


def flag_text(text: str) -> bool:
    """What people write for yes and no."""
    lowered = text.strip().lower()
    if lowered not in _YES | _NO:
        raise ValueError("must be one of 1, true, yes, on, 0, false, no, off")
    return lowered in _YES


def seconds_text(text: str) -> float:
    """Seconds, as in 30 or 0.5."""
    try:
        return float(text)
    except ValueError:
        raise ValueError("must be a number of seconds, as in 30 or 0.5") from None


def whole_text(text: str) -> int:
    """A whole number; underscores are fine."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number, as in 3") from None


def optional_text(text: str) -> str | None:
    """The text; none or nothing means None."""
    return None if text.strip().lower() in {"", "none"} else text


def json_text(text: str) -> Any:
    """A JSON object."""
    import json  # noqa: PLC0415 - seldom needed

    try:
        return json.loads(text)
    except ValueError:
        raise ValueError('must be a JSON object, as in {"max_connections": 50}') from None
