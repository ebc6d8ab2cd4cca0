"""Whatever is typed wrong, in any command: a few lines that say so, and nothing for a terminal."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Answer, Cli
from tests.cli.test_shell import every_option

NOWHERE = "redis://127.0.0.1:1"  # nobody listens there
STARTS = {"demo", "embedded", "worker"}  # something, where nothing is wrong with it
COMMANDS = sorted({path for path, _, _ in every_option()})


def kind(answer: Answer, words: list[str]) -> None:
    """Wrong usage, no server, or a bad answer; short, and safe to show."""
    assert answer.code in {1, 2, 69, 78}, (words, answer)
    assert 1 <= len(answer.err.splitlines()) <= 6, (words, answer)
    assert answer.err.startswith("Error: "), (words, answer)
    for text in ("Traceback", "bug of streamq", "\x1b"):
        assert text not in answer.err + answer.out, (words, answer)


@pytest.mark.parametrize("path", COMMANDS, ids="-".join)
def test_an_unknown_option_and_one_without_its_value_are_wrong_usage(
    cli: Cli, path: tuple[str, ...]
) -> None:
    cli(*path, "--nonsense").failed(2, "--nonsense")
    for at, _, option in every_option():
        if at == path and not option.is_flag:
            cli(*path, option.opts[0]).failed(2, option.opts[0])


@pytest.mark.parametrize("path", [one for one in COMMANDS if one[0] not in STARTS], ids="-".join)
def test_a_value_that_nobody_would_write_is_no_bug(
    cli: Cli, path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMQ_BROKER_URL", NOWHERE)
    for at, _, option in every_option():
        if at == path and not option.is_flag:
            for value in ("\x1b[31mred\x07", "9" * 400, ""):
                words = [*path, option.opts[0], value]
                answer = cli(*words)
                if answer.code:
                    kind(answer, words)
