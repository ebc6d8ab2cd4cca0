"""What is fuzzed: each target takes any bytes, and raises only where something is wrong.

An error that a user may see is one of streamq's, of a few lines, without control characters. That
a target takes less than a second and little memory is up to who calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from zlib import crc32

import click

from streamq.broker_url import SCHEMES, check_broker_url, redact_url
from streamq.cli.failures import report
from streamq.cli.root import COMMANDS, root
from streamq.client.urls import parse_url
from streamq.codec import Codec
from streamq.config import Settings, misspelt_variables
from streamq.errors import StreamQError
from streamq.operations.claim import parse_record

LINES = 6
MOST = 6  # settings of one input: each is tried in four ways
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PASSWORD = re.compile(r"://[^:@]*:([^@]{4,})@[^@]*\Z", re.DOTALL)
ALWAYS_SAID = """It can't be used. is no broker URL. It has no scheme. Known are redis://, rediss://,
unix://, valkey://, valkeys://, redis+sentinel:// and redis+cluster://HOST:PORT; redis://HOST:PORT/0,
rediss://… (TLS), unix:///path/to.sock, redis+sentinel://HOST:26379/MASTER/0, redis+cluster://HOST:PORT
for example redis://localhost:6379/0. names no socket: unix:///path/to/socket. names no master:
redis+sentinel://host:26379/MASTER/0. write embedded: for the usual data directory, or
embedded:///absolute/dir '//' is missing after"""
SAID = (
    StringIO(),
    StringIO(),
)  # the same ones again and again: click keeps each that it ever wrote to
CODEC = Codec()
SETTINGS = Settings.all_names()
for _command in COMMANDS:  # else the first input that names one would be a slow one
    import_module(f"streamq.cli.commands.{_command}")


def payload(data: bytes) -> None:
    """What stands in the body of a job, a result, a failure, a record."""
    ways: tuple[Callable[[bytes], object], ...] = (
        CODEC.decode_call,
        CODEC.decode_value,
        CODEC.decode_exception,
        CODEC.describe_exception,
    )
    for read in ways:
        try:
            read(data)
        except StreamQError as error:
            _check(str(error))
    with suppress(ValueError):  # whoever reads a record takes that for an unreadable one
        parse_record(data).option("c")


def url(data: bytes) -> None:
    """A broker's URL."""
    text = data.decode(errors="replace")
    shown = redact_url(text)
    found = _PASSWORD.search(text)
    secret = found[1] if found and text.count(found[1]) == 1 else None
    if secret is not None and secret in ALWAYS_SAID:
        secret = None
    assert secret is None or secret not in shown, shown
    for read in (check_broker_url, parse_url):
        try:
            read(text)
        except StreamQError as error:
            _check(str(error))
            assert secret is None or secret not in str(error), error  # noqa: PT017 -- both ends are fine


def configuration(data: bytes) -> None:
    """Settings as text, in variables, and as values, in code: `name=text` lines."""
    lines = [line.partition("=") for line in data.decode(errors="replace").split("\n")[:MOST]]
    odd = {f"STREAMQ_{name.upper()}": value for name, _, value in lines if _is_kept(name)}
    misspelt_variables(odd)
    settings = [(name if _is_kept(name) else _setting(name), value) for name, _, value in lines]
    environment = {f"STREAMQ_{name.upper()}": value for name, value in settings}
    for name, value in settings:
        for given in ({name: value}, {name: value.split(",")}, {name: {value: name}}):
            _refused(lambda given=given: Settings(code=given))  # type: ignore[misc]
    _refused(lambda: Settings(environment))


def _is_kept(name: str) -> bool:
    """Of the names that no setting has an eighth: whom they resemble takes most of the time."""
    return name not in SETTINGS and crc32(name.encode()) % 8 == 0


def _setting(name: str) -> str:
    return name if name in SETTINGS else SETTINGS[crc32(name.encode()) % len(SETTINGS)]


def arguments(data: bytes) -> None:
    """What stands behind `streamq`: one argument a line. Nothing is run."""
    words = [word.replace("\0", "") for word in data.decode(errors="replace").split("\n")]
    said, out = SAID
    for stream in SAID:
        stream.seek(0)
        stream.truncate()
    with redirect_stderr(said), redirect_stdout(out):
        try:
            _parse(words)
        except (click.ClickException, click.exceptions.Exit, click.Abort, StreamQError) as error:
            report(error)
    notes = "has no effect"  # of each of Celery's switches a line, beside the error
    assert len([line for line in said.getvalue().splitlines() if notes not in line]) <= LINES
    assert "This is a bug" not in said.getvalue()


def _parse(words: list[str]) -> None:
    context = root.make_context("streamq", words)
    command: click.Command = root
    while isinstance(command, click.Group) and (rest := _left(context)):
        name, found, rest = command.resolve_command(context, rest)
        if found is None:
            return
        command = found
        context = command.make_context(name, rest, parent=context)


def _left(context: click.Context) -> list[str]:
    """Arguments for a command of the group; click has them in two places."""
    known = vars(context)
    first = known.get("_protected_args") or known.get("protected_args") or []
    return [*first, *context.args]


def _refused(make: Callable[[], object]) -> None:
    try:
        make()
    except StreamQError as error:
        _check(str(error))


def _check(said: str) -> None:
    assert len(said.splitlines()) <= LINES, said
    assert not _CONTROL.search(said), ascii(said)


def _words(command: click.Command) -> set[str]:
    """Names of its options and commands."""
    words = {word for param in command.params for word in (*param.opts, *param.secondary_opts)}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            words |= {name} | (_words(found) if found else set())
    return words


# What inputs may be made of, beside what they were found to be.
WORDS: dict[str, set[str]] = {
    "payload": {"\x00", "builtins:ValueError", "streamq:", "datetime", "decimal", "\n"},
    "url": {f"{scheme}://" for scheme in SCHEMES} | {"?db=", "&timeout=", "@[::1]:", "%2F"},
    "configuration": {f"\n{name}=" for name in SETTINGS},
    "arguments": {f"\n{word}\n" for word in _words(root)},
}
TARGETS: dict[str, Callable[[bytes], None]] = {
    "payload": payload,
    "url": url,
    "configuration": configuration,
    "arguments": arguments,
}
