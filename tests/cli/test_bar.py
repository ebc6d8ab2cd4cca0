"""Progress: a bar on a terminal, lines elsewhere, nothing for what is done at once."""

from __future__ import annotations

import io

import pytest

from streamq.terminal import Bar, bar


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "_EVERY", -1)
    monkeypatch.setattr(bar, "_LINE_EVERY", -1)


def test_a_terminal_gets_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    with Bar(200, "indexing") as progress:
        progress.at(100)
    shown = "\r\033[Kindexing " + "█" * 15 + "░" * 15 + "  50% 100/200"
    assert screen.getvalue() == shown + "\r\033[K"


def test_other_places_get_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(2000, "indexing") as progress:
        progress.at(500)
        progress.say("kill -9 1")
    with Bar(0, "audit") as progress:
        progress.at(1234)
    assert tuple(capsys.readouterr()) == ("kill -9 1\n", "indexing 500/2,000 (25%)\naudit 1,234\n")


def test_what_is_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(10, "x", quiet=True) as progress:
        progress.at(5)
    assert tuple(capsys.readouterr()) == ("", "")
