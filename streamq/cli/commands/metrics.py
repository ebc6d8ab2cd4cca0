"""`streamq metrics`: what Prometheus asks for."""

from __future__ import annotations

import click

from streamq.cli.target import connected, target_options


@click.command(short_help="Serve or print metrics for Prometheus.")
@click.option("--once", is_flag=True, help="Print them and end.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9808, show_default=True, help="0: a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@target_options
@click.pass_context
def command(ctx: click.Context, *, once: bool, port: int, host: str) -> int:
    """Serve metrics at /metrics until Ctrl-C, in Prometheus's text format.

    All is read from the server when it is asked for: one such process is enough for all workers.
    The numbers are in docs/reference/metrics.md.
    """
    from streamq.cli.watching import listen, metrics_page

    app = connected(ctx)
    if once:
        click.echo(metrics_page(app).text, nl=False)
        return 0
    with listen(host, port, {"/metrics": lambda: metrics_page(app)}) as server:
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"metrics at http://{shown}:{server.port}/metrics", err=True)
        try:
            server.wait()
        except KeyboardInterrupt:  # how it is meant to end
            return 0
    return 0
