"""The parts of the reference that the code writes: `python -m tests.docs.reference` puts them in.

A part stands in its page between `<!-- generated: name -->` and `<!-- end -->`; a test holds that
it is what the code says now.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping

import click

from streamq import errors
from streamq.celery import call_options, task_options
from streamq.celery.setting_names import GROUPS
from streamq.cli import celery_switches as switches
from streamq.cli.root import COMMANDS, root
from streamq.cli.target import Target
from streamq.config import Settings, default_options
from streamq.holding import HOLDING
from streamq.option_checks import CALL_ONLY, CHECKS, TASK_ONLY
from streamq.options import TaskOptions
from streamq.settings import Setting
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "reference"
WRITTEN = [*sorted(FOLDER.glob("*.md")), ROOT / "docs" / "how-to" / "from-celery.md"]
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def settings() -> str:
    rows = ["| setting | default | means |", "|---|---|---|"]
    for name in Settings.names():
        setting = Settings.setting(name)
        rows.append(f"| `{name}` | {_default(setting)} | {setting.help} |")
    return "\n".join(rows)


def _default(setting: Setting[object]) -> str:
    value = setting.default
    if value is None or isinstance(value, Mapping):
        return "none"
    if isinstance(value, float):
        value = f"{value:g}" if value < 1e6 else f"{value:.0f}"
    return f"`{value}`"


def option_defaults() -> str:
    """Only what can't be seen from the option's words: which one holds where nobody says any."""
    holds = default_options(Settings())
    rows = ["| option | on a task | on a call | default |", "|---|---|---|---|"]
    for name in CHECKS:
        task = "" if name in CALL_ONLY else "yes"
        call = "" if name in TASK_ONLY else "yes"
        rows.append(f"| `{name}` | {task} | {call} | {_option_default(holds, name)} |")
    return "\n".join(rows)


def _option_default(holds: TaskOptions, name: str) -> str:
    from_setting = {"queue": "default_queue"}
    setting = from_setting.get(name, name)
    if setting in Settings.names() and name not in HOLDING:  # `concurrency` there is of a worker
        return f"the setting `{setting}`"
    value = getattr(holds, name) if hasattr(holds, name) else getattr(holds.retry, name)
    if name == "backoff":
        return "`Backoff()`"
    if name == "retry_on":
        return "`Exception`"
    return "none" if value in (None, ()) else f"`{value}`"


def error_tree() -> str:
    text = inspect.getdoc(errors) or ""
    return f"```text\n{text.partition(chr(10) + chr(10))[2].strip()}\n```"


def error_list() -> str:
    return "\n".join(_errors())


def _errors() -> Iterator[str]:
    for name, cls in vars(errors).items():
        if (
            isinstance(cls, type)
            and issubclass(cls, BaseException)
            and cls.__module__.startswith("streamq.")
        ):
            text = " ".join((inspect.getdoc(cls) or "").split())
            yield f"* **`{name}`**: {text}"


def commands() -> str:
    return "\n\n".join(_commands())


def _commands() -> Iterator[str]:
    for name in COMMANDS:
        command = root.get_command(click.Context(root), name)
        assert command is not None
        text = inspect.cleandoc(command.help or "")
        rows = [row for row in map(_option, command.params) if row and row not in SHARED]
        yield "\n\n".join([f"### streamq {name}", text, "\n".join(["| | |", "|---|---|", *rows])])


def _option(parameter: click.Parameter) -> str:
    """A row for an option; empty for an argument, which the text speaks of."""
    if not isinstance(parameter, click.Option) or parameter.hidden:
        return ""
    # Not as click writes it: that differs from release to release.
    names = ", ".join(f"`{name}`" for name in sorted(parameter.opts, key=len))
    means = [parameter.help or ""]
    if isinstance(parameter.type, click.Choice):
        means.append(", ".join(f"`{choice}`" for choice in parameter.type.choices))
    return f"| {names} | {' '.join(filter(None, means))} |"


SHARED = [_option(parameter) for parameter in root.params if parameter.name in vars(Target())]


def celery_calls() -> str:
    """The options of calls and of tasks: what means the same, what means nothing and why."""
    calls = {**call_options.SAME, **call_options.ALIKE}
    tasks = {**task_options.ALIKE, **dict.fromkeys(task_options.SAME, "as of a call")}
    tables = (
        ("apply_async(…), send_task(…), signatures", calls, call_options.MEANINGLESS),
        ("@app.task(…), @shared_task(…)", tasks, task_options.MEANS_NOTHING),
    )
    return "\n\n".join(_verdicts(*table) for table in tables)


def _verdicts(title: str, works: Mapping[str, str], nothing: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | works | {text} |" for name, text in works.items()]
    rows += [f"| `{name}` | no effect | {why} |" for name, why in nothing.items()]
    return "\n".join([f"### `{title}`", "", "| option | here | |", "|---|---|---|", *rows])


def celery_switches() -> str:
    """Switches of `celery worker`, pools, and Celery's other commands."""
    rows = ["| switch | here | |", "|---|---|---|"]
    tables = (switches.MEANINGLESS, "no effect"), (switches.MEANINGLESS_VALUES, "no effect")
    refused = (switches.REFUSED, "refused"), (switches.REFUSED_VALUES, "refused")
    for table, verdict in (*tables, *refused):
        rows += [f"| {_code(names)} | {verdict} | {why} |" for names, why in table.items()]
    for name, text in switches.POOLS.items():
        rows.append(f"| `-P {name}` | works | {text or 'the default'} |")
    return "\n".join(rows)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def celery_settings() -> str:
    return "\n\n".join(_celery_settings())


def _celery_settings() -> Iterator[str]:
    for title, rows in GROUPS.items():
        table = [f"| `{row.name}` | {row.verdict} | {row.text} |" for row in rows]
        yield "\n".join([f"### {title}", "", "| setting | here | |", "|---|---|---|", *table])


PARTS = {
    "celery-calls": celery_calls,
    "celery-switches": celery_switches,
    "celery-settings": celery_settings,
    "settings": settings,
    "option-defaults": option_defaults,
    "error-tree": error_tree,
    "error-list": error_list,
    "commands": commands,
}


def renewed(text: str) -> str:
    """A page with its parts as the code says them now."""
    return _PART.sub(lambda it: f"{it[1]}\n{PARTS[it[2]]()}\n\n{it[4]}", text)


def main() -> None:
    for page in WRITTEN:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
