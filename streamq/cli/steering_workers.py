"""`streamq worker quiet|resume|stop NAME`: tells workers that run, wherever they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streamq.cli.acting import log_actions
from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.control import Told

ORDERS = ("quiet", "resume", "stop")
_SAYS = {
    "quiet": "is told to claim nothing more; what it runs goes on",
    "resume": "is told to claim jobs again",
    "stop": "is told to end, as after SIGTERM",
}


def steer(ctx: click.Context, words: Sequence[str], *, as_json: bool) -> int:
    """Tell them, and say what came of it; the exit code is 1 where there is no such worker."""
    order, *names = words
    if order not in ORDERS:
        from streamq.option_checks import nearest

        raise click.UsageError(f"no {order!r} of workers{nearest(order, ORDERS)}", ctx)
    if not names:
        raise click.UsageError(f"which one? streamq worker {order} NAME, of inspect workers", ctx)
    from streamq import control, inspection

    app = connected(ctx)
    known = [one.name for one in inspection.workers(app) if one.alive]
    log_actions(app)
    act = {
        "quiet": control.quiet_worker,
        "resume": control.resume_worker,
        "stop": control.stop_worker,
    }[order]
    answers = {name: act(app, name) for name in names}
    if as_json:
        words_of = {name: told.name.lower() for name, told in answers.items()}
        print_document({"order": order, "workers": words_of})
    else:
        for name, told in answers.items():
            click.echo(_text(name, order, told, known))
    return 0 if all(answers.values()) else BAD_ANSWER


def _text(name: str, order: str, told: Told, known: Sequence[str]) -> str:
    if told:
        return f"{name} {_SAYS[order]}" + (" already" if told.value == "ALREADY" else "")
    from streamq.option_checks import nearest

    return f"no worker {name!r} lives{nearest(name, known) if known else ''}"
