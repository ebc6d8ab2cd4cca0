"""Completion, STREAMQ_* for every option, [tool.streamq] in pyproject.toml, NO_COLOR."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamq import StreamQ
from streamq.terminal import bold
from tests.cli.conftest import Cli
from tests.inspection.hand import Hand

pytestmark = pytest.mark.usefixtures("shop")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_lines(cli: Cli, shell: str) -> None:
    answer = cli("completion", shell)
    assert answer.code == 0
    assert f"_STREAMQ_COMPLETE={shell}_complete" in answer.out
    cli("completion", "powershell").failed(2, "'powershell' is not one of")


def test_commands_and_options_are_completed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_STREAMQ_COMPLETE", "bash_complete")
    for words, number, said in (("streamq ins", 1, "inspect"), ("streamq dead --ol", 2, "--older")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(number))
        assert said in cli().out


def test_every_option_has_a_variable_and_a_place_in_the_project(
    cli: Cli, app: StreamQ, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.tasks["shop.add"].delay_many([(n,) for n in range(5)])

    def shown(*words: str) -> int:
        return len(cli("inspect", "waiting", "--json", *words).document["jobs"])

    project = Path("pyproject.toml")
    project.write_text("[tool.streamq]\napp = 'shop'\n[tool.streamq.inspect]\nlimit = 3\n")
    assert shown() == 3
    assert cli("call", "shop.add", "1").code == 0, "the project names the application"
    monkeypatch.setenv("STREAMQ_INSPECT_LIMIT", "2")
    assert shown() == 2
    assert shown("--limit", "1") == 1
    below = Path("below")
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.delenv("STREAMQ_INSPECT_LIMIT")
    assert shown() == 3, "also from a folder below"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.streamq]\nap = 'shop'", "did you mean 'app'?"),
        ("[tool.streamq.inspect]\nlimt = 3", "limt is no option of it; did you mean 'limit'?"),
        ("[tool.streamq]\ninspect = 3", "inspect must be a table"),
        ("[tool", "pyproject.toml: "),
    ],
)
def test_a_mistake_in_the_project_is_told(cli: Cli, text: str, said: str) -> None:
    Path("pyproject.toml").write_text(text)
    cli("inspect").failed(78, said)


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert bold("x") == "\033[1mx\033[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert bold("x") == "x"
