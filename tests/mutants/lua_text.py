"""A script's text as tokens, and where its statements begin: as much of Lua as mutants need."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--\[\[.*?\]\]|--[^\n]*|\A\#![^\n]*)
  | (?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\[\[.*?\]\])
  | (?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^\#<>=(){}\[\];:,.])
    """,
    re.VERBOSE | re.DOTALL,
)
# Python reads these lines, to know what a script wants: they are no part of what it does.
_BINDING = re.compile(
    r"local (?:\w+ = (?:tonumber\()?(?:KEYS|ARGV)\[|first_\w+ = \d+ -- (?:KEYS|ARGV))"
)
_OPENS = {"function", "if", "for", "while", "repeat"}
_BEGINS = {"local", "if", "for", "while", "repeat", "return"}
_ENDS_BEFORE = {"then", "else", "do", "end", "repeat", "true", "false", "nil"}
_KEYWORDS = _OPENS | _BEGINS | _ENDS_BEFORE | {"and", "or", "not", "in", "elseif", "until", "break"}


@dataclass(frozen=True)
class Token:
    kind: str  # string, number, name, word (a keyword) or sign
    text: str
    start: int
    end: int
    statement: int  # where the statement that it is run with begins; -1: before the first
    begins: bool  # is it the first token of a statement?
    bound: bool  # is it on a line that binds KEYS or ARGV?


class LuaText:
    """One file of `lua/`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self._owners: list[int] = []  # of the blocks that are open: where their statement begins
        self._statement = -1
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise SyntaxError(f"no Lua that we know: {text[at : at + 30]!r}")
            kind, at = found.lastgroup or "", found.end()
            if kind != "space":
                self._add(kind, found[0], found.start())

    def _add(self, kind: str, text: str, start: int) -> None:
        word = kind == "name" and text in _KEYWORDS
        before = self.tokens[-1] if self.tokens else None
        begins = text in _BEGINS if word else kind == "name" and _may_begin(before)
        if word and text in {"elseif", "else", "until"}:
            self._statement = self._owners[-1]
        if text == "local" or (begins and not (before and before.text == "local")):
            self._statement = start
        if word and text in {"end", "until"}:
            self._statement = self._owners.pop()
        line = self.text.rfind("\n", 0, start) + 1
        bound = _BINDING.match(self.text, line) is not None
        token = Token(
            "word" if word else kind, text, start, start + len(text), self._statement, begins, bound
        )
        self.tokens.append(token)
        if word and text in _OPENS:
            self._owners.append(self._statement)

    def line_of(self, token: Token) -> str:
        """The whole line that this token is on."""
        start = self.text.rfind("\n", 0, token.start) + 1
        return self.text[start : self.text.find("\n", token.start)].strip()

    def text_at(self, at: int) -> str:
        """Of the token of this number; empty behind the last one."""
        return self.tokens[at].text if at < len(self.tokens) else ""

    def closing(self, at: int) -> int:
        """The number of the token that closes the bracket which the one at `at` opens."""
        depth = 0
        for number in range(at, len(self.tokens)):
            depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(
                self.tokens[number].text if self.tokens[number].kind == "sign" else "", 0
            )
            if depth == 0:
                return number
        raise SyntaxError("a bracket that is never closed")

    def opening(self, at: int) -> int:
        """The number of the token that opens the bracket which the one at `at` closes."""
        depth = 0
        for number in range(at, -1, -1):
            depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(
                self.tokens[number].text if self.tokens[number].kind == "sign" else "", 0
            )
            if depth == 0:
                return number
        raise SyntaxError("a bracket that is never opened")

    def end_of_block(self, at: int) -> int:
        """The number of the `end` of what the token at `at` opens, or of its `else`, `elseif`."""
        depth = 0
        for number in range(at, len(self.tokens)):
            token = self.tokens[number]
            if token.kind != "word":
                continue
            if depth == 1 and token.text in {"else", "elseif"}:
                return number
            depth += (token.text in _OPENS) - (token.text in {"end", "until"})
            if depth == 0:
                return number
        raise SyntaxError("a block without its end")


def _may_begin(before: Token | None) -> bool:
    """Does a name that follows this token begin a statement?"""
    if before is None or before.kind in {"name", "number", "string"}:
        return True
    if before.kind == "word":
        return before.text in _ENDS_BEFORE
    return before.text in {")", "}", "]", ";", "..."}
