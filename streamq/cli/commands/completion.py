"""`streamq completion bash|zsh|fish`: the lines that make a shell complete its commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Completion for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> int:
    """Print what makes a shell complete streamq's commands and options.

    The file that the shell reads at its start takes it: streamq completion bash >> ~/.bashrc,
    streamq completion zsh >> ~/.zshrc, streamq completion fish >
    ~/.config/fish/completions/streamq.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the three that click knows
    written = kind(ctx.find_root().command, {}, "streamq", "_STREAMQ_COMPLETE")
    # click's lines for fish would cut a description at its first comma.
    click.echo(written.source().replace('string split ","', 'string split -m 1 ","'))
    return 0
