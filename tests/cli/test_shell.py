"""Completion, STREAMQ_* for every option, [tool.streamq] in pyproject.toml, NO_COLOR."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from streamq import StreamQ
from streamq.cli.commands.check import _of_environment
from streamq.cli.project import check_command
from streamq.cli.root import COMMANDS, root
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


def test_zsh_and_fish_are_told_what_was_begun(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What their lines ask for and get, where the shells themselves are not here."""
    monkeypatch.setenv("COMP_WORDS", "streamq dead --ol")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_STREAMQ_COMPLETE", "zsh_complete")
    assert cli().out.splitlines()[:2] == ["plain", "--older-than"]
    monkeypatch.setenv("COMP_CWORD", "--ol")
    monkeypatch.setenv("_STREAMQ_COMPLETE", "fish_complete")
    assert cli().out.startswith("plain,--older-than\tDead or ended")
    monkeypatch.delenv("_STREAMQ_COMPLETE")
    assert 'string split -m 1 "," $completion' in cli("completion", "fish").out


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


def every_option() -> list[tuple[tuple[str, ...], click.Context, click.Option]]:
    """Each command's name, a context of it and each of its options."""
    found: list[tuple[tuple[str, ...], click.Context, click.Option]] = []
    above = click.Context(root, info_name="streamq", auto_envvar_prefix="STREAMQ")
    waiting: list[tuple[tuple[str, ...], click.Context, click.Command | None]] = []
    waiting += [((name,), above, root.get_command(above, name)) for name in COMMANDS]
    for path, parent, command in waiting:
        assert command is not None
        ctx = click.Context(command, parent=parent, info_name=path[-1])
        found += [(path, ctx, one) for one in command.params if isinstance(one, click.Option)]
        if isinstance(command, click.Group):
            waiting += [((*path, name), ctx, one) for name, one in command.commands.items()]
    return found


def test_each_option_of_each_command_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = every_option()
    names = {path for path, _, _ in options}
    assert {("job", "retry"), ("dead",), ("inspect",), ("worker",)} <= names
    assert len(options) > 200
    for path, ctx, option in options:
        variable = "_".join(("STREAMQ", *path, option.name or "")).upper()
        monkeypatch.setenv(variable, "said")
        assert option.resolve_envvar_value(ctx) == "said", variable
        assert _of_environment() == [], variable
        monkeypatch.delenv(variable)


def test_each_option_of_each_command_may_have_a_default_in_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for path, ctx, option in every_option():
        if option.name in {"app", "broker", "namespace"}:
            continue
        table: dict[str, Any] = {option.name or "": "x"}
        for name in reversed(path[1:]):
            table = {name: table}
        command = root.get_command(ctx, path[0])
        assert command is not None
        check_command(table, path[0], command)


def test_the_project_may_say_what_parts_of_commands_take(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    app.tasks["shop.add"].delay(1)
    project = Path("pyproject.toml")
    project.write_text("[tool.streamq.job.cancel]\ntask = 'shop.add'\nyes = true\n")
    assert cli("job", "cancel").out == "1 job cancelled.\n"
    project.write_text("[tool.streamq.job.cancel]\ntusk = 'shop.add'\n")
    cli("job", "cancel").failed(78, "[tool.streamq.job.cancel] tusk", "did you mean 'task'?")


def test_bash_completes_what_was_begun(cli: Cli) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    lines = cli("completion", "bash").out
    folder = str(Path(sys.executable).parent)
    asked = "\n".join(
        f"COMPREPLY=(); COMP_WORDS=({words}); COMP_CWORD={number}; _streamq_completion streamq; "
        'echo "${COMPREPLY[@]}"'
        for words, number in (("streamq job re", 2), ("streamq dead --ol", 2))
    )
    done = subprocess.run(
        [bash, "--norc", "-c", f"{lines}\n{asked}"],
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["retry", "--older-than"]


def test_fish_completes_what_was_begun(cli: Cli) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("no fish here")
    Path("streamq.fish").write_text(cli("completion", "fish").out)
    asked = 'source streamq.fish; complete -C "streamq job re"; complete -C "streamq dead --ol"'
    done = subprocess.run(
        [fish, "--no-config", "-c", asked],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    retry, older = done.stdout.splitlines()
    assert retry.startswith("retry\tRun dead jobs again, as ")
    assert re.fullmatch(r"--older-than\tDead or ended for longer \(.+, .+\).*", older)


def test_zsh_completes_what_was_begun(cli: Cli) -> None:
    """In a terminal of its own, with the key that people press."""
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("no zsh here")
    Path("streamq.zsh").write_text(cli("completion", "zsh").out)
    here, there = pty.openpty()
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "TERM": "dumb"}
    with subprocess.Popen(
        [zsh, "-f", "-i"], stdin=there, stdout=there, stderr=there, env=env, start_new_session=True
    ) as shell:
        os.close(there)
        try:
            os.write(here, b"autoload -Uz compinit; compinit -u -D; source ./streamq.zsh\n")
            os.write(here, b"print rea''dy\n")
            read_until(here, b"ready\r\n")
            os.write(here, b"streamq job ret\t")
            read_until(here, b"streamq job retry ")
        finally:
            shell.kill()
            os.close(here)


def read_until(terminal: int, wanted: bytes) -> None:
    seen = b""
    while wanted not in seen:
        readable, _, _ = select.select([terminal], [], [], 60)
        assert readable, seen
        seen += os.read(terminal, 4096)


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
