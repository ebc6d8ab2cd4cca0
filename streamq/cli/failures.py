"""Every error's last stop: at most six lines on stderr that say what to do, and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback

import click

from streamq.errors import (
    BrokerRefused,
    BrokerUnavailable,
    ConfigurationError,
    EncodeError,
    StreamQError,
    UnknownTask,
)

BAD_ANSWER = 1
USAGE = 2
NO_SERVER = 69
CONFIGURATION = 78
_INTERRUPTED = 130
_LINES = 6


class BadAnswer(StreamQError):
    """What was asked for has a bad answer: exit code 1."""


def report(error: BaseException) -> int:
    """Print an error; its exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        with contextlib.suppress(OSError):  # the terminal may be gone
            click.echo("Stopped.", err=True)
        return _INTERRUPTED
    if isinstance(error, BrokenPipeError):  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else BAD_ANSWER
    text, code = _judge(error)
    lines = f"Error: {text.strip()}".splitlines()
    click.echo("\n".join(lines[:_LINES]), err=True)
    return code


_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (BrokerUnavailable, NO_SERVER),
    (ConfigurationError, CONFIGURATION),
    (BrokerRefused, CONFIGURATION),  # a password, a version, a right: calling again won't help
    (EncodeError, USAGE),
    (UnknownTask, USAGE),
    (StreamQError, BAD_ANSWER),
)


def _judge(error: BaseException) -> tuple[str, int]:
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "streamq"
        said = error.format_message()
        if isinstance(error, click.MissingParameter):  # one choice a line
            said = " ".join(said.split())
        return f"{said}\nSee: {where} --help", USAGE
    if isinstance(error, click.ClickException):
        return error.format_message(), USAGE
    for kind, code in _CODES:
        if isinstance(error, kind):
            return str(error), code
    return _bug(error), BAD_ANSWER


def _bug(error: BaseException) -> str:
    """Something nobody thought of; where it happened is more use than a page of traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "unknown place"
    line = " ".join(str(error).split())[:500]
    said = f"{type(error).__name__}: {line}\n  at {where}"
    if isinstance(error, OSError):  # a full disk, a folder that is gone: the machine's affair
        return said
    return f"{said}\nThis is a bug of streamq; report it."
