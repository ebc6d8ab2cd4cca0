"""How settings are kept: each source's values apart, the strongest one's read.

A flag of the command line wins over `STREAMQ_<SETTING>`, that over code, that over a
configuration file, that over the default.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamq.broker_url import redact_url
from streamq.celery_names import is_celery_name
from streamq.errors import ConfigurationError
from streamq.option_checks import near, nearest
from streamq.settings import Alias, Setting, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SOURCES = tuple(Source)
_NEAR = 0.85  # of 1; from there on a name is taken for a misspelt one
ALSO = {"broker": "STREAMQ_BROKER_URL", "backend": "STREAMQ_BACKEND_URL"}  # these win


class Levels:
    """The part of `Settings` that knows no setting.

    `environment` is read here and now, and once.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        code: Mapping[str, Any] | None = None,
        file: Mapping[str, Any] | None = None,
    ) -> None:
        put = object.__setattr__  # __setattr__ knows only settings
        put(self, "_levels", {source: {} for source in Source})
        put(self, "_locked", {})
        put(self, "version", 0)
        self.put(Source.FILE, file or {})
        self.put(Source.CODE, code or {})
        self._read(environment or {})

    version: int  # goes up with each change, so that what was derived can be derived again
    _levels: dict[Source, dict[str, Any]]
    _locked: dict[str, str]

    def update(self, given: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Set several; all are checked before the first is set."""
        self.put(Source.CODE, {**(given or {}), **more})

    def set_flags(self, **flags: Any) -> None:
        """Set what the command line says; None says nothing."""
        given = {name: value for name, value in flags.items() if value is not None}
        self.put(Source.FLAG, given)

    def put(self, source: Source, given: Mapping[str, Any]) -> None:
        """Set several from one source; all are checked before the first is set."""
        checked = {}
        for name, value in given.items():
            setting = self.setting(name)
            right = setting.checked(value, name)
            if setting.name in self._locked and right != self.value(setting.name):
                raise ConfigurationError(f"{name} can't change now: {self._locked[setting.name]}")
            checked[setting.name] = right
        self._levels[source].update(checked)
        self.changed()

    def changed(self) -> None:
        """A new version: what was derived is derived again."""
        object.__setattr__(self, "version", self.version + 1)

    @contextmanager
    def flags(self, **flags: Any) -> Iterator[None]:
        """Set these as `set_flags` would, inside `with`; for one thread at a time."""
        level = self._levels[Source.FLAG]
        before = dict(level)
        self.put(Source.FLAG, flags)
        try:
            yield
        finally:
            level.clear()
            level.update(before)
            self.changed()

    def lock(self, why: str, *names: str) -> None:
        """Refuse to change these from now on: something was built on them."""
        self._locked.update(dict.fromkeys(names, why))

    def unlock(self) -> None:
        """Let everything change again: what was built on it is gone."""
        self._locked.clear()

    def value(self, name: str, *, no_stronger_than: Source = Source.FLAG) -> Any:
        """A setting's value by name, or what it would be without the stronger sources."""
        setting = self.setting(name)
        source = self.source(name, no_stronger_than=no_stronger_than)
        return self._levels[source].get(setting.name, setting.default)

    def source(self, name: str, *, no_stronger_than: Source = Source.FLAG) -> Source:
        """Where a setting's value comes from."""
        name = self.setting(name).name
        sources = _SOURCES[_SOURCES.index(no_stronger_than) :]
        return next((one for one in sources if name in self._levels[one]), Source.DEFAULT)

    def shown(self, name: str) -> str:
        """A setting's value for people, without passwords."""
        value = self.value(name)
        if name == "broker_options":
            return ", ".join(value) or "none"  # names only: values may be secrets
        return redact_url(value) if name in ALSO and value else str(value)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """All settings, in the order in which they are written down; without other names."""
        return tuple(
            name
            for base in reversed(cls.__mro__)
            for name, it in vars(base).items()
            if isinstance(it, Setting)
        )

    @classmethod
    def all_names(cls) -> tuple[str, ...]:
        """All names under which a setting may be given."""
        aliases = [name for name, it in vars(cls).items() if isinstance(it, Alias)]
        return (*cls.names(), *aliases)

    @classmethod
    def knows(cls, name: str) -> bool:
        """Whether this is the name of a setting."""
        return name in cls.all_names()

    @classmethod
    def resembles(cls, name: str) -> bool:
        """Whether this looks so much like one that it was meant to be one."""
        return is_celery_name(name) or bool(near(name, cls.all_names(), _NEAR))

    @classmethod
    def setting(cls, name: str) -> Setting[Any]:
        """A setting by name; `ConfigurationError` with the nearest one where there is none."""
        found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
        if isinstance(found, Alias):
            found = vars(found.owner)[found.of]
        if isinstance(found, Setting):
            return found
        if is_celery_name(name) and not near(name, cls.all_names(), _NEAR):
            raise ConfigurationError(
                f"setting {name!r} is Celery's and has no meaning here;\n"
                "an application made by streamq.celery.Celery takes a Celery configuration as it is"
            )
        close = near(name, cls.all_names(), _NEAR)
        hint = f"; did you mean {close[0]!r}?" if close else nearest(name, cls.names())
        raise ConfigurationError(f"unknown setting {name!r}{hint}")

    def __setattr__(self, name: str, given: Any) -> None:
        self.setting(name)
        super().__setattr__(name, given)

    def _read(self, environment: Mapping[str, str]) -> None:
        for name in self.names():
            variables = (f"STREAMQ_{name.upper()}", ALSO.get(name, ""))
            for variable in variables:
                if text := environment.get(variable, ""):
                    value = self.setting(name).read(text, variable)
                    self._levels[Source.ENVIRONMENT][name] = value
