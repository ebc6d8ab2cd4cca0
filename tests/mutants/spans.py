"""The expressions around a mutant's place: whether one is worth another value there, a test can see
without running the mutant.

An expression that only computes is evaluated with each of its mutants beside it, in a copy of the
scripts; a mutant that always gave the same value can't be noticed by that test.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutants.lua_text import LuaText

_PURE = {"tonumber", "tostring", "type", "select", "unpack", "whole", "ipairs"}
_PURE_TABLES = {"string", "math"}
_BEFORE = {"if", "elseif", "while", "until", "return", "in", "then", "else", "do", "end"}
_AFTER = {"then", "do", "end", "else", "elseif", "until", "return", "local", "if", "for", "while"}
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}
_CONDITIONS = {"if", "elseif", "while", "until"}


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    condition: bool  # it only matters whether it holds


def span_around(lua: LuaText, at: int) -> Span | None:
    """The largest expression around this token that changes nothing; None: there is none."""
    found = None
    first, last = _edges(lua, at)
    while _is_pure(lua, first, last):
        before = lua.tokens[first - 1].text
        condition = before in _CONDITIONS and lua.tokens[last + 1].text in {"then", "do"}
        found = Span(lua.tokens[first].start, lua.tokens[last].end, condition)
        if before not in {"(", "[", ","} or (opener := _opener(lua, first - 1)) < 0:
            break
        if lua.tokens[opener].text == "{":
            break
        first, last = _edges(lua, opener)
    return found


def _edges(lua: LuaText, at: int) -> tuple[int, int]:
    """The first and the last token of the expression that this one is in."""
    first = at
    while not _ends_left(lua, first):
        first = lua.opening(first - 1) if lua.tokens[first - 1].text in _CLOSING else first - 1
    last = lua.closing(at) if lua.tokens[at].text in _OPENING else at
    while not _ends_right(lua, last):
        here = last + 1
        last = lua.closing(here) if lua.tokens[here].text in _OPENING else here
    return first, last


def _ends_left(lua: LuaText, first: int) -> bool:
    if first == 0 or lua.tokens[first].begins:
        return True
    before = lua.tokens[first - 1]
    if before.kind == "word":
        return before.text in _BEFORE
    return before.text in _OPENING | {",", "=", ";"}


def _ends_right(lua: LuaText, last: int) -> bool:
    if last + 1 >= len(lua.tokens):
        return True
    after = lua.tokens[last + 1]
    if after.kind == "word" and after.text in _AFTER:
        return True
    return after.begins or after.text in _CLOSING | {",", "=", ";"}


def _opener(lua: LuaText, at: int) -> int:
    """The bracket around this token, or that token itself."""
    while at >= 0 and lua.tokens[at].text not in _OPENING:
        if lua.tokens[at].kind == "word" and lua.tokens[at].text in _BEFORE:
            return -1
        at = lua.opening(at) - 1 if lua.tokens[at].text in _CLOSING else at - 1
    return at


def _is_pure(lua: LuaText, first: int, last: int) -> bool:
    """Nothing but arithmetic and functions that change nothing; a value, and no assignment."""
    if first == 0 or lua.tokens[first].begins or lua.tokens[last].text == "=":
        return False
    if _is_assigned_to(lua, first) or lua.text_at(last + 1) == "=":
        return False
    for at in range(first, last + 1):
        token = lua.tokens[at]
        if token.text in {"function", "{", "...", ":", "local"} and token.kind != "string":
            return False
        if token.text == "(" and not _calls_nothing_else(lua, at):
            return False
    return True


def _is_assigned_to(lua: LuaText, first: int) -> bool:
    """Is this one of the places on the left of an assignment, or a field's name?"""
    while lua.tokens[first - 1].text == ",":
        end = first - 2
        first = _edges(lua, lua.opening(end) if lua.tokens[end].text in _CLOSING else end)[0]
    return lua.tokens[first].begins


def _calls_nothing_else(lua: LuaText, at: int) -> bool:
    """Is this a bracket for order, or of a call of a function that changes nothing?"""
    before = lua.tokens[at - 1]
    if before.text in {"]", ")"}:
        return False
    if before.kind != "name":
        return True
    if lua.tokens[at - 2].text == ".":
        return lua.tokens[at - 3].text in _PURE_TABLES
    return before.text in _PURE


def beside(text: str, span: Span, others: list[tuple[str, str]]) -> str:
    """The expression, saying which of its mutants (place, expression) are worth something else.

    What is around it has names that no script uses: it must not hide those in the expression.
    """
    same = "not its_own[1] == not its_found[2]"
    if not span.condition:
        same = " and ".join(f"its_own[{n}] == its_found[{n + 1}]" for n in range(1, 6))
    tries = " ".join(f"try_it({place!r}, function() return {other} end)" for place, other in others)
    return (
        "(function(...) local its_own, its_number = { ... }, select('#', ...) "
        "local function try_it(its_place, its_other) if not KEYS[its_place] then "
        f"local its_found = {{ pcall(its_other) }} if not (its_found[1] and {same}) then "
        f"KEYS[its_place] = '' redis.log(3, its_place) end end end {tries} "
        f"return unpack(its_own, 1, its_number) end)({text})"
    )
