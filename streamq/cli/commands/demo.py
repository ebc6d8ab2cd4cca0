"""`streamq demo`: a real little workload on a server of its own, start to finish."""

from __future__ import annotations

import click


@click.command(short_help="A real little workload, start to finish.")
@click.option("--files", type=click.IntRange(1), help="So many files at most; default: all.")
@click.option("--keep", is_flag=True, help="Leave server and data, to look around.")
def command(*, files: int | None, keep: bool) -> int:
    """Index Python's standard library with a real worker, and kill it in the middle.

    One job per file, on an embedded server with a data directory of its own, which goes at the
    end. Exit code 1 where the index differs from the one computed directly.
    """
    from streamq.demo import run

    return run(files=files, keep=keep)
