"""Which statements a test runs: each says so in the server's log, in a copy of the scripts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.lua_text import LuaText
from tests.mutants.rules import mutants_of
from tests.mutants.spans import Span, beside

_SAID = re.compile(rb"@([\w/]+\.lua#[^@]+)@")
Place = (
    str  # "file#where the statement begins", and "~what is done" where that is worth another value
)


def marked(file: str, text: str) -> str:
    """This file: each statement logs where it is, each expression what would change it."""
    pieces = [*_statements(file, text), *_expressions(file, text)]
    parts, at = [], 0
    for start, end, new in sorted(pieces):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def _statements(file: str, text: str) -> Iterator[tuple[int, int, str]]:
    for token in LuaText(text).tokens:
        if token.begins and token.statement == token.start and not token.bound:
            place = f"'@{file}#{token.start}@'"  # said once a call
            say = f"if not KEYS[{place}] then KEYS[{place}] = '' redis.log(3, {place}) end "
            yield token.start, token.start, say


def _expressions(file: str, text: str) -> Iterator[tuple[int, int, str]]:
    others: defaultdict[Span, list[tuple[str, str]]] = defaultdict(list)
    for mutant in mutants_of(file, text):
        if span := mutant.span:
            other = text[span.start : mutant.start] + mutant.new + text[mutant.end : span.end]
            others[span].append((f"@{mutant.place}@", other))
    for span, made in others.items():
        yield span.start, span.end, beside(text[span.start : span.end], span, made)


def mark_all(source: Path, folder: Path) -> None:
    """A marked copy of all scripts."""
    for path in source.rglob("*.lua"):
        file = path.relative_to(source).as_posix()
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(marked(file, path.read_text()))


class Log:
    """What a server has logged since one last looked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def places(self) -> set[Place]:
        with self._path.open("rb") as log:
            log.seek(self._at)
            text = log.read()
            self._at = log.tell()
        return {place.decode() for place in _SAID.findall(text)}
