"""A look at a Celery configuration before anything runs: `streamq check --celery-config`."""

from __future__ import annotations

from dataclasses import dataclass

from streamq.celery.setting_names import row_of
from streamq.celery.setting_row import Verdict
from streamq.celery.settings import CelerySettings
from streamq.config_source import settings_in
from streamq.errors import StreamQError
from streamq.settings import Source


@dataclass(frozen=True, slots=True)
class Report:
    """What becomes of a configuration."""

    works: tuple[str, ...]  # settings that do here what they do there
    remarks: tuple[tuple[str, str], ...]  # what has no effect, and why that does no harm
    findings: tuple[tuple[str, str], ...]  # what is not so here and would be missed, and what to do
    refused: tuple[tuple[str, str], ...]  # settings that an application would not start with


class _Silent(CelerySettings):
    """Who looks at the findings needs no log of them."""

    def _say(self, setting: str, problem: str, fix: str) -> None: ...


def check(source: object, namespace: str | None = None) -> Report:
    """Try each setting by itself; `ConfigurationError` where there is nothing to look at."""
    conf = _Silent()
    works, refused = [], []
    for name, value in settings_in(conf, source, namespace).items():
        try:
            conf.put(Source.FILE, {name: value})
        except (StreamQError, TypeError, ValueError) as error:
            refused.append((name, str(error)))
            continue
        row = row_of(name)
        if row is None or row.verdict is Verdict.WORKS:
            works.append(name)
    silent = [name for name in works if name in CelerySettings.all_names() or row_of(name)]
    return Report(tuple(silent), tuple(conf.remarks()), tuple(conf.findings()), tuple(refused))
