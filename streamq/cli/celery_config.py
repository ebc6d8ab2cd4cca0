"""What becomes of a Celery configuration, for `streamq check --celery-config`."""

from __future__ import annotations

import click

from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.terminal import bold, printable, red


def show(source: str, namespace: str | None, *, as_json: bool) -> int:
    """Print it; exit code 1 where an application would refuse it, or miss something."""
    from streamq.celery.checking import check

    report = check(source, namespace)
    if as_json:
        print_document(
            {
                "works": list(report.works),
                "remarks": [{"problem": problem, "why": why} for problem, why in report.remarks],
                "findings": [{"problem": problem, "fix": fix} for problem, fix in report.findings],
                "refused": [{"setting": name, "problem": why} for name, why in report.refused],
            }
        )
    else:
        click.echo(bold(f"{source}: {len(report.works)} settings work as in Celery"))
        for name, why in report.refused:
            first, *others = why.splitlines()
            click.echo(f"{red('error')}: {printable(name)}: {printable(first)}")
            for line in others:
                click.echo(f"  {printable(line)}")
        for problem, fix in report.findings:
            click.echo(f"{red('warning')}: {printable(problem)}\n  fix: {printable(fix)}")
        if report.remarks:
            click.echo("Without effect, and nothing is to be done:")
        for problem, why in report.remarks:
            click.echo(f"  {printable(problem)}: {printable(why)}")
        if not report.works and not report.remarks and not report.findings and not report.refused:
            click.echo(
                "It has no settings" + (f" that begin with {namespace}_." if namespace else ".")
            )
    return BAD_ANSWER if report.refused or report.findings else 0
