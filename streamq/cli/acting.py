"""Acting from the command line: asks first, shows how far it is, and leaves a line in the log."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from streamq.app import StreamQ


def ask(ctx: click.Context, found: str, verb: str, question: str) -> None:
    """Go on only where somebody says yes; where nobody can be asked it is a usage error."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{found} to {verb}: --yes says so where nobody can be asked", ctx)
    click.confirm(f"{found}. {question}?", abort=True)


def log_actions(app: StreamQ) -> None:
    """Have what is done here written to stderr, where logs are collected and not read.

    On a terminal the answer says it already.
    """
    if sys.stderr.isatty() and app.conf.log_format != "json":
        return
    from streamq.worker.logs import configure

    configure("WARNING", app.conf.log_format)
    logging.getLogger("streamq.control").setLevel(logging.INFO)


def plural(number: int, what: str = "job") -> str:
    """As people say it."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
