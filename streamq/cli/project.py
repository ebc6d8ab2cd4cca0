"""What a project says of its command line: `[tool.streamq]` in the nearest pyproject.toml.

`app`, `broker` and `namespace`, and a table for each command with the defaults of its options:

    [tool.streamq]
    app = "shop"
    [tool.streamq.worker]
    concurrency = 8
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streamq.errors import ConfigurationError
from streamq.option_checks import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

TARGETS = ("app", "broker", "namespace")


def defaults(commands: Collection[str], start: Path | None = None) -> dict[str, Any]:
    """The table, as click takes defaults; empty where there is none, here or in a folder above.

    Raises `ConfigurationError` for what is no TOML, and for a name that is none of the commands.
    """
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return _checked(_table(file), file, commands)
    return {}


def check_command(table: object, name: str, command: click.Command) -> None:
    """Refuse a default for an option that the command, or a part of it, doesn't have."""
    if not isinstance(table, dict):
        raise ConfigurationError(f"pyproject.toml: [tool.streamq] {name} must be a table")
    parts = command.commands if isinstance(command, click.Group) else {}
    known = [one.name or "" for one in command.params if isinstance(one, click.Option)]
    for key, value in table.items():
        if key in parts:
            check_command(value, f"{name}.{key}", parts[key])
        elif key not in known:
            raise ConfigurationError(
                f"pyproject.toml: [tool.streamq.{name}] {key} is no option of it"
                f"{nearest(key, [*known, *parts])}"
            )


def _table(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: {error}") from None
    tool = found.get("tool", {})
    table = tool.get("streamq", {}) if isinstance(tool, dict) else {}
    return _underscored(table) if isinstance(table, dict) else {}


def _underscored(table: dict[str, Any]) -> dict[str, Any]:
    """Options are written as on the command line, and named as parameters."""
    return {
        name.replace("-", "_"): _underscored(value) if isinstance(value, dict) else value
        for name, value in table.items()
    }


def _checked(table: dict[str, Any], file: Path, commands: Collection[str]) -> dict[str, Any]:
    known = [*TARGETS, *commands]
    for name in table:
        if name not in known:
            raise ConfigurationError(f"{file}: [tool.streamq] {name}{nearest(name, known)}")
    return table
