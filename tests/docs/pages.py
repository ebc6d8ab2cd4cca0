"""The documentation as data: its pages, code blocks, links and command lines.

A Python block that begins with `# name.py` is a file: a complete program, or a module that the
page's other files import. `# name.py, continued` is more of it. A block without a name is an
excerpt: what one would write at the end of the page's last file. `<!-- fragment -->` before a
block says that it is only for the eye, and has to compile, no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_FRAGMENT = re.compile(r"<!-- fragment -->\s*\Z")
_NAME = re.compile(r"# (\w+\.py)(, continued)?\b")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str  # its path from the root
    line: int  # of its first line of code
    language: str
    code: str
    fragment: bool  # for the eye only

    @property
    def file(self) -> str:
        """The name of the file that it is, or is a part of; empty for an excerpt."""
        match = _NAME.match(self.code)
        return match[1] if match else ""

    @property
    def continues(self) -> bool:
        match = _NAME.match(self.code)
        return bool(match and match[2])

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def slug(self) -> str:
        """A name that a Python module may have."""
        return re.sub(r"\W", "_", self.name.removesuffix(".md"))

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        found = []
        for match in _FENCE.finditer(self.text):
            indent, language, code = match.groups()
            lines = [line.removeprefix(indent) for line in code.splitlines(keepends=True)]
            before = self.text[: match.start()]
            found.append(
                Block(
                    self.name,
                    before.count("\n") + 2,
                    language,
                    "".join(lines),
                    bool(_FRAGMENT.search(before)),
                )
            )
        return found

    @property
    def python(self) -> list[Block]:
        return [block for block in self.blocks if block.language == "python"]

    @property
    def files(self) -> dict[str, str]:
        """The page's Python files, as they are at its end."""
        found: dict[str, str] = {}
        for block in self.python:
            if block.file and not block.fragment:
                before = found[block.file] + "\n\n" if block.continues else ""
                found[block.file] = before + block.code
        return found

    @property
    def excerpts(self) -> dict[str, str]:
        """For each file that has excerpts after it: it with them at its end; "" for no file."""
        found: dict[str, str] = {}
        last, code = "", ""
        for block in self.python:
            if block.fragment:
                continue
            if block.file:
                last = block.file
                code = code + "\n\n" + block.code if block.continues else block.code
            else:
                code = found[last] = f"{found.get(last, code)}\n\n# {block.place}\n{block.code}"
        return found

    @property
    def prose(self) -> str:
        """The page without its code."""
        return _FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """Where a link into the page may go."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def pages() -> list[Page]:
    """Every page that users read."""
    folders = ("docs", "examples", "lua", "benchmarks")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    return [Page(path) for path in sorted([*ROOT.glob("*.md"), *found])]


def manual() -> list[Page]:
    """README and docs/: the pages whose programs are run."""
    return [page for page in pages() if page.name == "README.md" or page.name.startswith("docs/")]
