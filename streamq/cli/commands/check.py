"""`streamq check`: configuration and server, with a fix for each finding."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from streamq.cli.documents import plain, print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import application, meet_server, target_options
from streamq.terminal import Bar, Column, bold, printable, red, table

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.config import Settings
    from streamq.inspection import AuditReport, Finding, Remark, ServerReport

_SHOWN = 20  # violations


@click.command(short_help="Check configuration, server and queues.")
@click.option("--audit", is_flag=True, help="Also prove on every queue that nothing is lost.")
@click.option(
    "--celery-config",
    metavar="MODULE[:ATTR]",
    help="Only say what becomes of a Celery configuration: celeryconfig, proj.settings:Config.",
)
@click.option("--celery-namespace", metavar="NAME", help="Of its settings: CELERY, with Django.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    audit: bool,
    celery_config: str | None,
    celery_namespace: str | None,
    as_json: bool,
) -> int:
    """Show the configuration with its sources, and what is wrong with the server.

    Exit code 1 where something was found. What is only worth knowing stands apart.
    """
    from streamq import inspection

    if celery_config is not None:
        from streamq.cli.celery_config import show

        return show(celery_config, celery_namespace, as_json=as_json)
    app = application(ctx)
    settings = _settings(app.conf)
    if not as_json:
        click.echo(_settings_text(settings))
    meet_server(app, starts=False)
    report = inspection.server(app)
    report.add(_of_environment())
    report.add(_of_configuration(app.conf))
    if not as_json:
        click.echo("\n" + _server_text(app, report))
    audited = _audit(app, quiet=as_json) if audit else None
    if as_json:
        print_document(_document(app, settings, report, audited))
    elif audited is not None:
        click.echo("\n" + _audit_text(audited))
    unsound = audited is not None and not audited.clean
    return BAD_ANSWER if report.findings or unsound else 0


def _settings(conf: Settings) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "value": conf.shown(name),
            "source": str(conf.source(name)),
            "help": conf.setting(name).help,
        }
        for name in conf.names()
    ]


def _of_environment() -> list[Finding]:
    from streamq.cli.root import COMMANDS
    from streamq.config import misspelt_variables
    from streamq.inspection import Finding

    own = tuple(f"STREAMQ_{name.upper()}_" for name in COMMANDS)  # what their options read
    given = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return [
        Finding("environment", f"{name} sets nothing", f"did you mean {near}?")
        for name, near in misspelt_variables(given).items()
    ]


def _of_configuration(conf: Settings) -> list[Finding | Remark]:
    from streamq.inspection import Finding, Remark

    return [
        *(Finding("configuration", *found) for found in conf.findings()),
        *(Remark("configuration", f"{what}: {why}") for what, why in conf.remarks()),
    ]


def _settings_text(settings: list[dict[str, str]]) -> str:
    columns = [Column("SETTING"), Column("VALUE", cut=True), Column("SOURCE"), Column("", cut=True)]
    return table(columns, [list(one.values()) for one in settings])


def _server_text(app: StreamQ, report: ServerReport) -> str:
    lines = [bold(f"{report.info.title} at {printable(app.client.where)}")]
    for one in report.findings:
        lines += [f"{red('warning')}: {printable(one.problem)}", f"  fix: {printable(one.fix)}"]
    if not report.findings:
        lines.append("Nothing found.")
    if report.remarks:
        lines += ["Worth knowing, nothing to do:"]
        lines += [f"  {printable(one.text)}" for one in report.remarks]
    return "\n".join(lines)


def _audit(app: StreamQ, *, quiet: bool) -> AuditReport:
    """With what is looked at just now, where it takes a while."""
    from streamq import inspection

    with Bar(0, quiet=quiet) as bar:

        def tell(queue: str, structure: str, members: int) -> None:
            bar.title = f"audit: {printable(queue)} {structure}"
            bar.at(members)

        return inspection.audit(app, progress=tell)


def _audit_text(report: AuditReport) -> str:
    columns = [Column("QUEUE", cut=True), Column("LOOKED AT", right=True), Column("VIOLATIONS")]
    rows = [
        [queue, f"{sum(numbers.values()):,}", sum(it.queue == queue for it in report.violations)]
        for queue, numbers in report.checked.items()
    ]
    lines = [table(columns, rows) if rows else "No queue was ever used here."]
    lines += [f"{red('violation')}: {printable(one)}" for one in report.violations[:_SHOWN]]
    if len(report.violations) > _SHOWN:
        lines.append(f"and {len(report.violations) - _SHOWN:,} more: --json has them all")
    if report.violations:
        lines.append("Report it, with how it came about: the law should hold whatever happens.")
    else:
        lines.append("Audit clean: every job is in exactly one place, and the numbers add up.")
    return "\n".join(lines)


def _document(
    app: StreamQ,
    settings: list[dict[str, str]],
    report: ServerReport,
    audited: AuditReport | None,
) -> dict[str, Any]:
    return {
        "configuration": settings,
        "server": {"where": app.client.where, **plain(report.info)},
        "findings": report.findings,
        "remarks": report.remarks,
        "audit": audited and {"clean": audited.clean, **plain(audited)},
    }
