"""Which statements a test runs: each says so in the server's log, in a copy of the scripts."""

from __future__ import annotations

import re
from pathlib import Path

from tests.mutants.lua_text import LuaText

_SAID = re.compile(rb"@([\w/]+\.lua)#(\d+)@")
Place = str  # "file#where the statement begins"


def marked(file: str, text: str) -> str:
    """This file, each statement of which logs where it is."""
    lua = LuaText(text)
    parts, at = [], 0
    for token in lua.tokens:
        if token.begins and token.statement == token.start and not token.bound:
            place = f"'@{file}#{token.start}@'"  # said once a call
            say = f"if not KEYS[{place}] then KEYS[{place}] = '' redis.log(3, {place}) end "
            parts += [text[at : token.start], say]
            at = token.start
    return "".join([*parts, text[at:]])


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
        return {f"{file.decode()}#{number.decode()}" for file, number in _SAID.findall(text)}
