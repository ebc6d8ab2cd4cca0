"""The house rules that a machine can hold: sizes, one verb everywhere, who may name what.

An exception is named here with its reason, or it isn't one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "streamq").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
VERBS = sorted((ROOT / "lua").glob("*.lua"))
FRAGMENTS = sorted((ROOT / "lua" / "lib").glob("*.lua"))
PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "lua").rglob("*.md")])

LIMITS = [(PACKAGE, 250), (VERBS, 80), (FRAGMENTS, 40), (TESTS, 400)]
FUNCTION_LINES = 40

LONG_FILES: dict[str, str] = {}  # path -> why it may be longer
LONG_FUNCTIONS: dict[str, str] = {}  # path:function -> why it may be longer

# Celery's words and Redis's own are used where those are spoken of; ours are in docs/glossary.
FORBIDDEN_WORDS = re.compile(
    r"\b(visibility[ _]timeout|nack(ed|s)?|requeued?|redeliver(y|ed)?)\b", re.IGNORECASE
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|TBD)\b|\bnot (yet )?implemented\b", re.IGNORECASE)
HOST = re.compile(r"https?://(?:[^@/\s]*@)?\[?([\w.-]+)")
HOSTS = {"localhost", "127.0.0.1", "docker", "example.com", "example.org"}
HOSTS |= {
    "docs.python.org",
    "redis.io",
    "valkey.io",
    "keepachangelog.com",
    "semver.org",
    "opentelemetry.io",
}
HOME = re.compile(r"(?<![\w.])/(home|root|Users)/\w")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _texts() -> Iterator[tuple[str, str]]:
    """Every text of the repository that a user may read, but this file, which names what isn't."""
    for path in [*PACKAGE, *VERBS, *FRAGMENTS, *TESTS, *PROSE]:
        if path != Path(__file__):
            yield _name(path), path.read_text()


def _found(pattern: re.Pattern[str], texts: Iterator[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in texts
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_files_are_short() -> None:
    lengths = {
        _name(path): (len(path.read_text().splitlines()), limit)
        for files, limit in LIMITS
        for path in files
    }
    long = {name for name, (lines, limit) in lengths.items() if lines > limit}
    assert long == set(LONG_FILES), {name: lengths.get(name) for name in long ^ set(LONG_FILES)}


def test_functions_are_short() -> None:
    long = {
        f"{_name(path)}:{node.name}"
        for path in PACKAGE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert long == set(LONG_FUNCTIONS)


@pytest.mark.parametrize("path", VERBS, ids=lambda path: path.stem)
def test_a_verb_is_one_script_one_operation_one_test(path: Path) -> None:
    from streamq import operations

    assert callable(getattr(operations, path.stem, None)), f"no operations.{path.stem}"
    assert (ROOT / "tests" / "lua" / f"test_{path.stem}.py").is_file()


def test_the_model_runs_every_script() -> None:
    """A state machine of tests/model calls it; one that it can't is named with its reason."""
    left_out: dict[str, str] = {}
    called = _all(sorted((ROOT / "tests" / "model").glob("*.py")))
    silent = {
        path.stem
        for path in VERBS
        if not re.search(rf"\b(op|rig)\.{path.stem}\b|\"{path.stem}\"", called)
    }
    # Bench.violations audits schedules too: `op.audit` names that script for what is theirs.
    assert silent - {"audit_schedules"} == set(left_out)


def test_every_script_names_its_flags_and_every_fragment_is_used() -> None:
    assert [_name(path) for path in VERBS if not path.read_text().startswith("#!lua")] == []
    include = r"^--# include lib/(\w+)\.lua(?: when called: \w+)?$"
    used = set(re.findall(include, _all(VERBS + FRAGMENTS), re.MULTILINE))
    assert {path.stem for path in FRAGMENTS} == used


def _all(paths: list[Path]) -> str:
    return "\n".join(path.read_text() for path in paths)


def test_only_the_client_imports_redis() -> None:
    importers = {
        _name(path)
        for path in PACKAGE
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in _modules(node)
        if module.split(".")[0] in {"redis", "valkey"}
    }
    assert {name for name in importers if not name.startswith("streamq/client")} == set()


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [] if node.level else [node.module or ""]
    return [alias.name for alias in node.names]


def test_the_process_s_own_random_numbers_are_left_alone() -> None:
    """Also by a thread that outlives its test: Hypothesis refuses to draw beside one."""
    importers = {
        _name(path)
        for path in PACKAGE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom) and "random" in _modules(node)
    }
    assert importers <= {"streamq/jitter.py"}


def test_only_keys_spells_a_key() -> None:
    spelled = {_name(path) for path in PACKAGE if re.search(r"sq:\{", path.read_text())}
    assert spelled <= {"streamq/keys.py"}
    assert [_name(path) for path in VERBS + FRAGMENTS if "sq:" in path.read_text()] == []


def test_words_are_those_of_the_glossary() -> None:
    ours = (
        (name, text) for name, text in _texts() if "celery" not in name and "glossary" not in name
    )
    assert _found(FORBIDDEN_WORDS, ours) == []


def test_nothing_is_left_unfinished() -> None:
    assert _found(UNFINISHED, _texts()) == []


def test_texts_name_no_machine_and_no_invented_host() -> None:
    assert _found(HOME, _texts()) == []
    named = {host for _, text in _texts() for host in HOST.findall(text)}
    assert named - HOSTS == set()
