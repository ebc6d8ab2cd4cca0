"""Tables, words for durations, and a quick `--help`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from streamq.cli.wording import ago
from streamq.terminal import Column, printable, table
from streamq.terminal.tables import cut, width_of
from tests.cli.conftest import Cli


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    text = table([Column("NAME"), Column("N", right=True)], [("漢字", 1), ("ab", 1000)])
    assert text.splitlines() == ["NAME     N", "漢字     1", "ab    1000"]


def test_what_could_change_a_terminal_is_shown_instead() -> None:
    assert printable("a\x1b[0m\n\u202eb\u200b\ud800") == r"a\x1b[0m\n\u202eb\u200b\ud800"


def test_a_cut_text_ends_with_a_mark_and_never_inside_a_wide_character() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("漢字漢字", 4) == "漢…"
    assert width_of("e\u0301") == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0421, "42 ms"),
        (3.14, "3.1 s"),
        (42.4, "42 s"),
        (59.7, "1 min 0 s"),
        (125, "2 min 5 s"),
        (239.8, "4 min 0 s"),
        (3599.9, "1 h 0 min"),
        (7300, "2 h 1 min"),
        (200_000, "2 d 7 h"),
        (None, ""),
    ],
)
def test_durations_are_read_at_a_glance(seconds: float | None, text: str) -> None:
    assert ago(seconds) == text


def test_help_names_every_command_and_imports_none(cli: Cli) -> None:
    answer = cli("--help")
    assert answer.code == 0
    for command in ("worker", "inspect", "cancel", "dead", "call", "check", "embedded", "demo"):
        assert f"\n  {command} " in answer.out
        assert cli(command, "--help").code == 0
    assert cli("--version").out.startswith("streamq 0.")


def test_no_command_is_wrong_usage_and_shows_the_help(cli: Cli) -> None:
    answer = cli()
    assert (answer.code, answer.out) == (2, "")
    assert "Commands:" in answer.err


def test_help_needs_neither_redis_nor_asyncio() -> None:
    code = (
        "import sys; from streamq.cli import main; main(['--help']);"
        "print([name for name in ('redis', 'asyncio', 'streamq.worker', 'streamq.inspection')"
        " if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_terminal_that_knows_only_ascii_is_no_reason_to_fail() -> None:
    code = "from streamq.cli import main; main(['--version']); print('漢')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[1] == rb"\u6f22"
