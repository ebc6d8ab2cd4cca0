"""Loads the Lua scripts: splices includes, reads their signatures, maps error lines back to files.

A script's `local name = KEYS[n]` and `ARGV[n]` lines are its only signature; Python passes names.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha1
from pathlib import Path

from streamq.errors import ScriptError

_INCLUDE = re.compile(r"^--# include (\S+)$")
_LAZY = re.compile(r"^--# include (\S+) when called: (\w+)$")
_BINDING = re.compile(r"^local (\w+) = (?:tonumber\()?(KEYS|ARGV)\[(\d+)\]")
_REST = re.compile(r"^local first_\w+ = (\d+) -- (KEYS|ARGV)\[(\d+)\.\.\.\]")
_NEXT = re.compile(r"^(local \w+ = (?:tonumber\()?(KEYS|ARGV)\[)\+\]")
_NEXT_REST = re.compile(r"^(local first_\w+ = )0( -- (KEYS|ARGV)\[)\+(\.\.\.\].*)$")
_LINE = re.compile(r"user_script:(\d+)")


class Script:
    """One transition: its source as the server gets it, and what it wants to be called with."""

    __slots__ = ("_origins", "args", "keys", "more_args", "more_keys", "name", "sha", "source")

    def __init__(self, name: str, source: str, origins: tuple[tuple[str, int], ...]) -> None:
        """Reads the signature out of the spliced source; `origins` has file and line per line."""
        self.name = name
        self.source = source
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()  # what EVALSHA names
        self._origins = origins
        names: dict[str, list[str]] = {"KEYS": [], "ARGV": []}
        more = {"KEYS": False, "ARGV": False}
        for line in source.splitlines():
            if found := _BINDING.match(line):
                table = names[found[2]]
                if int(found[3]) != len(table) + 1:
                    message = f"lua/{name}.lua: {line!r} is out of order"
                    raise ScriptError(message)
                table.append(found[1])
            elif found := _REST.match(line):
                if not int(found[1]) == int(found[3]) == len(names[found[2]]) + 1:
                    message = f"lua/{name}.lua: {line!r} does not follow the named ones"
                    raise ScriptError(message)
                more[found[2]] = True
        self.keys = tuple(names["KEYS"])
        self.args = tuple(names["ARGV"])
        self.more_keys = more["KEYS"]
        self.more_args = more["ARGV"]

    def locate(self, message: str) -> str:
        """An error message of the server with script lines named as file and line."""

        def place(found: re.Match[str]) -> str:
            line = int(found[1])
            if not 1 <= line <= len(self._origins):
                return found[0]
            file, number = self._origins[line - 1]
            return f"lua/{file}:{number}"

        return _LINE.sub(place, message)


@cache
def lua_folder() -> Path:
    """Where the scripts lie: inside the package (wheel, sdist) or beside it (a checkout)."""
    here = Path(__file__).resolve().parent
    for folder in (here / "lua", here.parent / "lua"):
        if (folder / "enqueue.lua").is_file():
            return folder
    message = (
        f"streamq's Lua scripts are missing beside {here}.\n"
        "The installation is incomplete: install streamq again."
    )
    raise ScriptError(message)


@cache
def load(name: str) -> Script:
    """The script `lua/<name>.lua`; read once, the second time is free."""
    lines: list[str] = []
    origins: list[tuple[str, int]] = []
    _splice(f"{name}.lua", lines, origins, set())
    _number(lines)
    return Script(name, "\n".join(lines) + "\n", tuple(origins))


def _splice(file: str, lines: list[str], origins: list[tuple[str, int]], spliced: set[str]) -> None:
    """Each fragment once, where it is first asked for: it may name those that it needs.

    One that is asked for with a function's name goes into a function of that name: a script makes
    all its functions anew in each call, 0.2 µs apiece, so what few calls need is made when called.
    """
    spliced.add(file)
    text = (lua_folder() / file).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if found := _LAZY.match(line):
            if spliced.isdisjoint((found[1], line)):
                spliced.add(line)
                lines.append(f"local function {found[2]}(...)")
                origins.append((file, number))
                _splice(found[1], lines, origins, set(spliced))
                lines.append(f"return {found[2]}(...) end")
                origins.append((file, number))
        elif not (found := _INCLUDE.match(line)):
            lines.append(line)
            origins.append((file, number))
        elif found[1] not in spliced:
            _splice(found[1], lines, origins, spliced)


def _number(lines: list[str]) -> None:
    """`KEYS[+]`, in a fragment that several scripts include or behind it: the next one."""
    bound = {"KEYS": 0, "ARGV": 0}
    for at, line in enumerate(lines):
        if found := _NEXT.match(line):
            lines[at] = f"{found[1]}{bound[found[2]] + 1}]{line[found.end() :]}"
        elif found := _NEXT_REST.match(line):
            first = bound[found[3]] + 1
            lines[at] = f"{found[1]}{first}{found[2]}{first}{found[4]}"
        if found := _BINDING.match(lines[at]):
            bound[found[2]] += 1
