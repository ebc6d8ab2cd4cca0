"""The reference says what the code says: no option, setting, error or command without a line."""

from __future__ import annotations

import ast
import builtins
import re
import typing

import pytest

import streamq
from streamq import config, errors, option_types
from streamq.config import Settings
from streamq.job import JobState
from streamq.option_checks import CALL_ONLY, CHECKS, TASK_ONLY
from tests.docs.pages import ROOT, Page
from tests.docs.reference import PARTS, WRITTEN, renewed

REFERENCE = [Page(path) for path in WRITTEN]


def page(name: str) -> Page:
    return Page(ROOT / "docs" / name)


def first_column(text: str, after: str) -> list[str]:
    """The words in the first column of the first table that follows."""
    table = re.search(r"(?:^\|.*\n)+", text.partition(after)[2], re.MULTILINE)
    assert table is not None
    return re.findall(r"^\| [`*]+([^`*|]+)[`*]+", table[0], re.MULTILINE)


@pytest.mark.parametrize("reference", REFERENCE, ids=lambda it: it.name)
def test_what_the_code_writes_is_up_to_date(reference: Page) -> None:
    again = renewed(reference.text)
    assert reference.text == again, "run: python -m tests.docs.reference"


def test_every_part_stands_in_one_page() -> None:
    written = [
        part for it in REFERENCE for part in re.findall(r"<!-- generated: ([\w-]+) -->", it.text)
    ]
    assert sorted(written) == sorted(PARTS)


def test_every_option_is_described() -> None:
    described = first_column(page("reference/options.md").text, "# Options of tasks and calls")
    assert described == list(CHECKS)


def test_type_checkers_know_the_same_options() -> None:
    of_calls = typing.get_type_hints(option_types.CallOptionsDict)
    of_tasks = typing.get_type_hints(option_types.TaskOptionsDict)
    assert set(of_calls) == set(CHECKS) - set(TASK_ONLY)
    assert set(of_tasks) == set(CHECKS) - set(CALL_ONLY)


def test_the_glossary_has_every_state() -> None:
    states = first_column(page("glossary.md").text, "one of these states")
    assert states == [state.value for state in JobState]


def test_the_glossarys_verbs_are_scripts() -> None:
    words = first_column(page("glossary.md").text, "# Glossary")
    verbs = {path.stem for path in (ROOT / "lua").glob("*.lua")}
    assert {word for word in words if word in verbs} == {
        *("enqueue", "claim", "reclaim", "ack", "retry", "bury", "release", "revive", "strand"),
        *("promote", "audit"),
    }


def test_reasons_of_death_are_all_explained() -> None:
    from streamq.retry import Reason
    from streamq.worker import runner

    explained = set(first_column(page("how-to/dead-jobs.md").text, "## Why it died"))
    decided = {reason.value for reason in Reason} - {"retry", "snooze"}
    assert explained == {
        *decided,
        *(runner.UNDECODABLE, runner.NOT_ACCEPTED, runner.ARGUMENTS, "poison"),
    }


def test_errors_that_are_named_exist() -> None:
    named = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        named |= set(re.findall(r"`([A-Z][a-z]+[A-Za-z]+)`", Page(path).prose))
    from streamq import control, embedded, hooks, inspection
    from streamq.celery import exceptions

    modules = (errors, streamq, embedded, builtins, exceptions, inspection, control, hooks)
    known = {name for module in modules for name in dir(module)}
    # systemd's, a type, and asyncio's
    assert named - known <= {"TimeoutStopSec", "Decimal", "TaskGroup", "CancelledError"}


def test_settings_that_are_named_exist() -> None:
    variables = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        variables |= set(re.findall(r"\bSTREAMQ_([A-Z_]+)\b", Page(path).text))
    known = {name.upper() for name in Settings.names()} | {"APP", "BROKER_URL", "BACKEND_URL"}
    known.add("INSPECT_LIMIT")  # as every option of every command
    assert variables <= known


_READ = {
    node.attr
    for path in (ROOT / "streamq").rglob("*.py")
    if path.name != "config.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Attribute)
}
_READ |= {"default_queue", "max_attempts", "idempotency_ttl"}  # by `config.default_options`
_READ |= {*config._OPTIONS, "timezone", "enable_utc"}  # the same, and `Settings.zone`


@pytest.mark.parametrize("name", Settings.names())
def test_every_setting_has_an_effect(name: str) -> None:
    assert name in _READ
