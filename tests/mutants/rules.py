"""What a mutant is, and all there are of a file: each is one small thing done wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.lua_text import LuaText, Token
from tests.mutants.spans import Span, span_around

_COMPARISONS = {
    "==": ("~=",),
    "~=": ("==",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
}
_WORDS = {"and": "or", "or": "and", "true": "false", "false": "true"}
_LEAVES = {"return", "error"}  # what a check does when it doesn't hold
Edit = tuple[int, int, str, str]  # number of the token, where it ends, what replaces it, the rule


@dataclass(frozen=True)
class Mutant:
    file: str  # below lua/
    rule: str
    nth: int  # of those of this rule on lines like this, from 1
    line: str
    start: int
    end: int
    new: str
    place: str  # what a test must have come to, to notice it
    span: Span | None  # the expression that must be worth something else, then

    @property
    def key(self) -> str:
        """Its name, which stays while its line stays."""
        return f"{self.file} | {self.rule} | {self.nth} | {self.line}"

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]


def all_mutants(folder: Path) -> list[Mutant]:
    return [
        mutant
        for path in sorted(folder.rglob("*.lua"))
        for mutant in mutants_of(path.relative_to(folder).as_posix(), path.read_text())
    ]


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    lua = LuaText(text)
    seen: Counter[tuple[str, str]] = Counter()
    for at, token in enumerate(lua.tokens):
        if token.bound:
            continue
        for first, end, new, rule in _edits(lua, at):
            line = lua.line_of(token)
            seen[rule, line] += 1
            start = lua.tokens[first].start
            span, place = span_around(lua, first), f"{file}#{token.statement}"
            if rule.startswith("no ") and rule != "no not":
                span = None
            if rule == "no check":
                place = f"{file}#{_inside(lua, at).start}"
            elif span:
                place = f"{file}#{start}~{rule.replace(' ', '')}"
            yield Mutant(file, rule, seen[rule, line], line, start, end, new, place, span)


def _inside(lua: LuaText, at: int) -> Token:
    """The first token of what an `if` does."""
    then = next(n for n in range(at, len(lua.tokens)) if lua.tokens[n].text == "then")
    return lua.tokens[then + 1]


def _edits(lua: LuaText, at: int) -> Iterator[Edit]:
    token = lua.tokens[at]
    if token.kind == "sign" and token.text in _COMPARISONS:
        for other in _COMPARISONS[token.text]:
            yield at, token.end, other, f"{token.text} to {other}"
    elif token.kind == "word" and token.text in _WORDS:
        yield at, token.end, _WORDS[token.text], f"{token.text} to {_WORDS[token.text]}"
    elif token.kind == "word" and token.text == "not":
        yield at, token.end, "", "no not"
    elif token.kind == "number" and not _is_the_same(token.text):
        yield at, token.end, _one_more(token.text), f"{token.text} to {_one_more(token.text)}"
    if token.kind == "word" and token.text in {"if", "elseif", "while"}:
        yield from _negated(lua, at)
    if token.kind == "word" and token.text == "if":
        yield from _unchecked(lua, at)
    if token.kind == "name" and token.begins and (end := _end_of_call(lua, at)):
        yield at, end, "", f"no {token.text}"


def _is_the_same(number: str) -> bool:
    """Is one more the very same number? From 2^53 on no double lies between two even ones."""
    return number.isdigit() and float(int(number) + 1) == float(number)


def _one_more(number: str) -> str:
    return str(int(number) + 1) if number.isdigit() else f"({number} + 1)"


def _negated(lua: LuaText, at: int) -> Iterator[Edit]:
    """The opposite of a condition; where it is one comparison, that is flipped already."""
    closer = "do" if lua.tokens[at].text == "while" else "then"
    end = next(n for n in range(at, len(lua.tokens)) if lua.tokens[n].text == closer)
    inside = lua.tokens[at + 1 : end]
    words = [token for token in inside if token.kind == "word" and token.text in {"and", "or"}]
    signs = [token for token in inside if token.text in _COMPARISONS]
    lone_not = inside[0].text == "not" and not words
    if words or not (signs or lone_not):
        text = lua.text[inside[0].start : inside[-1].end]
        yield at + 1, inside[-1].end, f"not ({text})", "negated"


def _unchecked(lua: LuaText, at: int) -> Iterator[Edit]:
    """A check that leaves the script or function, gone."""
    end = lua.end_of_block(at)
    if _inside(lua, at).text in _LEAVES and lua.tokens[end].text == "end":
        yield at, lua.tokens[end].end, "", "no check"


def _end_of_call(lua: LuaText, at: int) -> int:
    """Where the call ends that is the whole of this statement; 0: it is something else."""
    tokens, number = lua.tokens, at + 1
    while number < len(tokens) and tokens[number].text in {".", ":", "["}:
        number = lua.closing(number) + 1 if tokens[number].text == "[" else number + 2
    if number >= len(tokens) or tokens[number].text != "(":
        return 0
    end = lua.closing(number)
    after = tokens[end + 1].text if end + 1 < len(tokens) else ""
    return 0 if after in {".", ":", "[", "(", "=", ","} else tokens[end].end
