"""Which application and which server a command is about: -A, --broker and --namespace."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.embedded import EmbeddedStatus

F = TypeVar("F", bound="Callable[..., Any]")
_PATIENCE = 1.0  # seconds for a first answer
_STARTING = 10.0  # the same of an embedded server that may have to be started
_NEEDS_APP = """\
this command needs an application: streamq -A module[:attribute] {command} …
or -A path/to/file.py, or the variable STREAMQ_APP"""


@dataclass
class Target:
    """What was said; None: nothing."""

    app: str | None = None
    broker: str | None = None
    namespace: str | None = None


def target_options(function: F) -> F:
    """Add the three options; after the command they win over those before it."""
    for flags, name, metavar, text in (
        (("--namespace",), "namespace", "N", "First part of all keys."),
        (("--broker", "-b"), "broker", "URL", "The server, as redis://localhost:6379/0."),
        (("--app", "-A"), "app", "MODULE[:ATTR]", "The application, or path/to/file.py."),
    ):
        function = click.option(
            *flags,
            name,
            metavar=metavar,
            help=text,
            expose_value=False,
            callback=_keep,
            envvar="STREAMQ_APP" if name == "app" else None,
        )(function)
    return function


def _keep(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    target = ctx.ensure_object(Target)
    assert parameter.name is not None  # noqa: S101 - ours all have one
    if value is None:
        return
    source = ctx.get_parameter_source(parameter.name)
    given = source is click.core.ParameterSource.COMMANDLINE
    if given or getattr(target, parameter.name) is None:  # a variable doesn't beat an option
        setattr(target, parameter.name, value)


def application(ctx: click.Context, *, required: bool = False) -> StreamQ:
    """The application that -A names, else a bare one that knows only the server.

    Talks to nobody yet. `required`: without -A it's a usage error.
    """
    target = ctx.ensure_object(Target)
    if target.app is None:
        if required:
            raise click.UsageError(_NEEDS_APP.format(command=ctx.info_name), ctx)
        from streamq.app import StreamQ

        app = StreamQ("streamq")
    else:
        from streamq.cli.finding import find_application

        app = find_application(target.app)
    app.conf.set_flags(broker=target.broker, namespace=target.namespace)
    ctx.call_on_close(app.close)
    return app


def connected(ctx: click.Context, *, required: bool = False, starts: bool = False) -> StreamQ:
    """The application, its server seen to answer within a second and to be one we can use.

    `starts`: an embedded server is started where none runs; else that's an error.
    """
    app = application(ctx, required=required)
    meet_server(app, starts=starts)
    return app


def meet_server(app: StreamQ, *, starts: bool) -> None:
    """See that the server answers, and is new enough."""
    from streamq.embedded_default import is_embedded
    from streamq.errors import BrokerRefused
    from streamq.inspection import refuse_asleep, too_old

    if not starts:
        _pin(app, refuse_asleep(app))
    elif is_embedded(app.conf):
        app.client.command("PING", timeout=_STARTING)
    app.client.ping(timeout=_PATIENCE)
    info = app.client.server_info(timeout=_PATIENCE)
    if why := too_old(info):
        raise BrokerRefused(f"{why}\nAt {app.client.where}; upgrade it, or name another.")


def _pin(app: StreamQ, status: EmbeddedStatus | None) -> None:
    """Read from the embedded server that runs now; should it end meanwhile, start no other."""
    from urllib.parse import quote

    from streamq.errors import ConfigurationError

    if status is not None and status.socket_path is not None:
        with contextlib.suppress(ConfigurationError):  # the application has connected already
            app.conf.set_flags(broker=f"unix://{quote(str(status.socket_path))}")
