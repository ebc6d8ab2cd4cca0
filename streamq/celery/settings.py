"""`app.conf` of an application that speaks Celery: each of Celery's settings is known by name."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from streamq.celery.routes import attributes
from streamq.celery.setting_names import ROWS, candidates, row_of
from streamq.celery.setting_row import Verdict
from streamq.celery.setting_values import CONVERT
from streamq.config import Settings
from streamq.errors import ConfigurationError
from streamq.option_checks import near
from streamq.setting_checks import names_text
from streamq.settings import Setting, Source, flag, flag_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.celery.setting_row import Row

log = logging.getLogger("streamq.celery")

_NEAR = 0.85
DEFAULTS = {"default_queue": "celery", "enable_utc": True}  # where Celery's differ from ours


@dataclass(frozen=True, slots=True)
class Unmet:
    """Something that a configuration says and that is not so here."""

    setting: str
    problem: str
    fix: str
    missed: bool  # something is not done that was asked for; else it is, or nobody needs it


def _modules(given: Any, what: str) -> tuple[str, ...]:
    if isinstance(given, tuple) and all(isinstance(one, str) for one in given):
        return given
    raise TypeError(f"{what}: must be names of modules, not {given!r}")


class CelerySettings(Settings):
    """Settings that take Celery's names and values, new and old, and say what has no effect.

    A name that looks like a misspelt setting is refused; any other is the program's own and kept.
    """

    imports = Setting[tuple[str, ...]]((), _modules, "modules a worker imports", names_text)
    include = Setting[tuple[str, ...]]((), _modules, "the same", names_text)
    task_store_eager_result = Setting(
        default=False, check=flag, help="keep results of eager mode", from_text=flag_text
    )
    task_eager_propagates = Setting(
        default=False, check=flag, help="raise in eager mode", from_text=flag_text
    )

    _raw: dict[str, Any]
    unmet: dict[tuple[str, str], Unmet]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "_raw", {})  # Celery's names -> values, as they were given
        object.__setattr__(self, "unmet", {})
        super().__init__(*args, **kwargs)
        self._levels[Source.DEFAULT].update(DEFAULTS)

    def put(self, source: Source, given: Mapping[str, Any]) -> None:
        """Set several from one source, in Celery's words or ours."""
        ours: dict[str, Any] = {}
        raw: dict[str, Any] = {}
        for name, value in given.items():
            row = row_of(name)
            if row is not None:
                raw[row.name] = value
                self._translate(row, value, ours)
            elif name in self.all_names():
                ours[name] = value
            else:
                raw[name] = value
                self._keep(name)
        super().put(source, ours)
        self._raw.update(raw)

    def annotate(self, task: Any) -> None:
        """Set the attributes and methods that `task_annotations` say of a task, on its class."""
        given = self._raw.get("task_annotations")
        for name, value in attributes(given, task).items():
            setattr(type(task), name, value)

    def findings(self) -> list[tuple[str, str]]:
        """What the configuration says, is not so here and is missed, each with what to do."""
        return [*super().findings(), *self._unmet(missed=True)]

    def remarks(self) -> list[tuple[str, str]]:
        """What it says and is not so here, where nothing is to be done, each with why."""
        return [*super().remarks(), *self._unmet(missed=False)]

    def _unmet(self, *, missed: bool) -> list[tuple[str, str]]:
        some = [one for one in self.unmet.values() if one.missed is missed]
        return [(f"{one.setting}: {one.problem}", one.fix) for one in some]

    @classmethod
    def knows(cls, name: str) -> bool:
        """Whether this is the name of a setting, of Celery's or ours."""
        return row_of(name) is not None or super().knows(name)

    @classmethod
    def resembles(cls, name: str) -> bool:
        """Whether this looks so much like a setting that it was meant to be one."""
        return _meant(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """A setting's value by name, new or old, ours or the program's own."""
        row = row_of(name)
        key = row.name if row else name
        if key in self.all_names() and (row is None or row.to == key):
            return self.value(key)
        return self._raw.get(key, default)

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return self.get(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.put(Source.CODE, {name: value})

    def __contains__(self, name: str) -> bool:
        return self.knows(name) or name in self._raw

    def __getattr__(self, name: str) -> Any:
        """What is no setting of ours: one of Celery's, or the program's own."""
        if name.startswith("_") or name not in self:
            raise AttributeError(f"no setting {name!r}{_hint(name)}")
        return self.get(name)

    def __setattr__(self, name: str, given: Any) -> None:
        self.put(Source.CODE, {name: given})

    def _translate(self, row: Row, value: Any, ours: dict[str, Any]) -> None:
        """Add what Celery's setting means to our settings."""
        if row.verdict is not Verdict.WORKS:
            if value is not None and value is not row.value:
                self._report(row.name, row.verdict.value, row.text, missed=row.missed)
            return

        report = partial(self._report, row.name)

        if value is not None or row.name == "result_expires":
            convert = CONVERT.get(row.name)
            value = convert(value, report) if convert else value
        if row.to == "broker_options":
            before = ours.get(row.to) or dict(self.broker_options)
            ours[row.to] = {**before, **(value or {})}
        elif value is not None or self.setting(row.to).default is None:
            ours[row.to] = value

    def _keep(self, name: str) -> None:
        meant = _meant(name)
        if meant is not None:
            raise ConfigurationError(f"unknown setting {name!r}; did you mean {meant!r}?")
        self._report(name, "no setting of Celery's", "kept for the program to read; without effect")

    def _report(self, setting: str, problem: str, fix: str, *, missed: bool = False) -> None:
        """Say it once."""
        if (setting, problem) not in self.unmet:
            self.unmet[setting, problem] = Unmet(setting, problem, fix, missed)
            self._say(setting, problem, fix)

    def _say(self, setting: str, problem: str, fix: str) -> None:
        log.warning("setting %s: %s; %s", setting, problem, fix)


def _meant(name: str) -> str | None:
    """The setting that was meant by a name that is nearly one."""
    known = {*ROWS, *CelerySettings.all_names()}
    close = (near(one, known, _NEAR) for one in (name, *candidates(name)))
    return next((found[0] for found in close if found), None)


def _hint(name: str) -> str:
    meant = _meant(name)
    return f"; did you mean {meant!r}?" if meant else ""
