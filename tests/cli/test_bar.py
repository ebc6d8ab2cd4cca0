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


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [
        (150, 100, "x 150/100 (100%)"),
        (-5, 100, "x -5/100 (0%)"),
        (5, -10, "x 5/-10 (0%)"),
        (0.1, 0.4, "x 0.1/0.4 (25%)"),
        (1e308, 1e308, "x 1e+308/1e+308 (100%)"),
        (2.5, 0, "x 2.5"),
    ],
)
def test_any_number_is_shown_short(
    capsys: pytest.CaptureFixture[str], done: float, total: float, shown: str
) -> None:
    with Bar(total, "x") as progress:
        progress.at(done)
    assert capsys.readouterr().err == f"{shown}\n"


def test_what_a_job_says_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(0, "a\x1b[2Jb\n" + "c" * 1000) as progress:
        progress.at(1)
    assert capsys.readouterr().err == "a\\x1b[2Jb\\n" + "c" * 32 + "… 1\n"
