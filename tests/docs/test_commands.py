"""Every command line that the documentation shows is one that exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from streamq.cli.root import root
from streamq.cli.target import Target
from tests.docs.pages import ROOT, pages

_INLINE = re.compile(r"`((?:[A-Z_]+=\S+ )*streamq [^`\n]*)`")
_MAKE = re.compile(r"\bmake ([a-z]+)\b")


def _lines() -> Iterator[tuple[str, str]]:
    """Where it stands, and what would be typed."""
    for page in pages():
        for block in page.blocks:
            if block.language not in {"", "sh", "console"}:
                continue
            for number, line in enumerate(block.code.splitlines()):
                yield f"{page.name}:{block.line + number}", line.strip().removeprefix("$ ")
        for inline in _INLINE.findall(page.prose):
            yield page.name, inline


def _typed() -> list[tuple[str, list[str]]]:
    found = []
    for place, line in _lines():
        words = line.split("#")[0].split()
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):  # STREAMQ_APP=shop streamq …
            words = words[1:]
        if words[:1] == ["streamq"] and len(words) > 1 and not re.match(r"\W*[A-Z]{3}", words[1]):
            found.append((place, words[1:]))
    return found


TYPED = _typed()


def parse(words: list[str]) -> None:
    """As click would, up to calling the command; `…` and `a|b` of a synopsis stand for one word."""
    line = re.sub(r"\s*[…]|\.\.\.", "", " ".join(words)).replace("[", "").replace("]", "")
    for choice in re.findall(r"\S+\|\S+", line):
        line = line.replace(choice, choice.split("|")[0])
    args = ["1" if word == "N" else word for word in shlex.split(line)]
    context = root.make_context("streamq", args, obj=Target())
    with context:
        rest = [*context._protected_args, *context.args]
        name, command, rest = root.resolve_command(context, rest)
        assert command is not None
        command.make_context(name, rest, parent=context)


@pytest.mark.parametrize(
    ("place", "words"), TYPED, ids=[f"{place} {' '.join(words)}" for place, words in TYPED]
)
def test_it_can_be_typed(place: str, words: list[str]) -> None:
    try:
        parse(words)
    except click.exceptions.Exit:  # --help, --version
        pass
    except click.UsageError as error:
        pytest.fail(f"{place}: streamq {' '.join(words)}: {error.format_message()}")


def test_there_are_some() -> None:
    assert len(TYPED) > 20


def test_a_wrong_one_would_be_seen() -> None:
    for wrong in (["chek"], ["inspect", "--lots"], ["-A", "shop", "worker", "--threads", "3"]):
        with pytest.raises(click.UsageError):
            parse(wrong)


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for _, line in _lines() for name in _MAKE.findall(line.split("#")[0])}
    assert named <= targets
