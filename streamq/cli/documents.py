"""What `--json` prints: one document per command, its field names those of the dataclasses.

Times are ISO 8601 in UTC, durations seconds as numbers, enums their words; an error is
`{"type", "message"}`; what JSON can't hold is shown as Python's repr, as a string.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any

import click


def print_document(document: Mapping[str, Any]) -> None:
    """Print it, and nothing else."""
    click.echo(json.dumps(plain(document), ensure_ascii=True, indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """The value as JSON has it."""
    match value:
        case Enum():
            found: Any = plain(value.value)
        case None | bool() | int() | str():
            found = value
        case float():
            found = value if isfinite(value) else repr(value)
        case datetime():
            found = value.isoformat()
        case BaseException():
            named = getattr(value, "type_name", type(value).__name__)
            found = {"type": named, "message": getattr(value, "message", str(value))}
        case Mapping():
            found = {key if type(key) is str else repr(key): plain(it) for key, it in value.items()}
        case list() | tuple():
            found = [plain(it) for it in value]
        case _ if is_dataclass(value) and type(value).__module__.startswith("streamq."):
            found = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:  # a user's dataclass among the arguments, too, is shown as it is written
            found = repr(value)
    return found
