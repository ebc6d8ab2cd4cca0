"""The demo's application: counts the identifiers of Python files, one job per file.

streamq -A streamq.demo.app worker
"""

from __future__ import annotations

import keyword
import re
import tokenize
from collections import Counter
from pathlib import Path

from streamq import StreamQ, current_job

app = StreamQ("demo", lease=2, default_queue="demo")  # a short lease: lost jobs are back soon

# A string or a comment, which is skipped, or a name, which is kept.
_TOKEN = re.compile(
    r"""
    (?: \b [bfru]{1,2} )?
    (?: "{3} (?: \\. | [^\\] )*? "{3} | " (?: \\. | [^"\\\n] )* "
      | '{3} (?: \\. | [^\\] )*? '{3} | ' (?: \\. | [^'\\\n] )* ' )
    | \# [^\n]*
    | \b ( [^\W\d] \w* )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_NO_NAMES = ("", *keyword.kwlist)


class Hiccup(Exception):
    """What goes wrong in real life, and not again the next time."""


@app.task(max_attempts=3, backoff=0.3, retry_on=Hiccup)
def index(path: str, runs: str, hiccup: bool = False) -> dict[str, int]:  # noqa: FBT001, FBT002 - plain data
    """How often each identifier stands in a file. Each run adds a line to the file `runs`."""
    job = current_job()
    with Path(runs).open("a", encoding="utf-8") as journal:
        journal.write(f"{job.id} {job.attempt}\n")
    if hiccup and job.attempt == 1:
        raise Hiccup(f"{Path(path).name} can't be read just now")
    return identifiers(path)


def identifiers(path: str) -> dict[str, int]:
    """The same, without a job around it."""
    try:
        with tokenize.open(path) as file:  # in the file's own encoding
            names = Counter(_TOKEN.findall(file.read()))
    except (SyntaxError, UnicodeDecodeError):  # some of the library's test files are broken
        return {}
    for word in _NO_NAMES:
        del names[word]
    return dict(names)
