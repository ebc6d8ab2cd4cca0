"""The hunt: which tests run which statement, found out once, then mutant after mutant."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from streamq.scripts import lua_folder
from tests.model.adapted import scripts_from
from tests.mutants import marks, runs
from tests.mutants.book import FOLDER, Book
from tests.mutants.choice import chosen
from tests.mutants.rules import Mutant

MOST_S = 5  # a test that takes so long, or ten times as long as it should, is stopped
SHOWN = 25  # mutants between two lines of progress


class Hunt:
    """A plugin that takes over once pytest has collected the tests."""

    def __init__(self, mutants: list[Mutant], book: Book, tests: int, examples: int) -> None:
        self._mutants, self._book = mutants, book
        self._most_tests, self._examples = tests, examples
        self._kills: defaultdict[str, Counter[str]] = defaultdict(Counter)  # file -> tests
        for mutant, killer in book.killers.items():
            self._kills[mutant.partition(" | ")[0]][killer] += 1
        self._tests: dict[marks.Place, list[str]] = {}
        self._seconds: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = runs.wanted(items)
        if not self._examples:
            items[:] = [item for item in items if not runs.is_model(item)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not self._mutants:
            return True
        bench = runs.Bench(session.items)
        if self._examples:
            runs.short_models(self._examples, 40)
        with tempfile.TemporaryDirectory() as folder:
            self._learn(bench, Path(folder) / "marked")
            self._hunt(bench, Path(folder) / "lua")
        return True

    # --- who runs what --------------------------------------------------------------------------

    def _learn(self, bench: runs.Bench, folder: Path) -> None:
        """From `.mutants/`, if it is of these scripts; a test that changed is run again."""
        marks.mark_all(lua_folder(), folder)
        path = FOLDER / f"places-{_hash(*sorted(lua_folder().rglob('*.lua')))}.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        hashes = {item.path: _hash(item.path) for item in bench.items.values()}
        with scripts_from(folder):
            for number, (name, item) in enumerate(bench.items.items()):
                if name not in known or known[name]["hash"] != hashes[item.path]:
                    places = sorted(bench.places(name) or bench.places(name))
                    known[name] = {"hash": hashes[item.path], "places": places}
                    known[name]["seconds"] = bench.took[name]
                    if not places:
                        _say(f"left out, as it fails or runs no script: {name}")
                if number % 100 == 0:
                    _write(path, known)
                    _say(f"learnt what {number} of {len(bench.items)} tests run")
        _write(path, known)
        for name in bench.items:
            self._seconds[name] = known[name]["seconds"]
            for place in known[name]["places"]:
                self._tests.setdefault(place, []).append(name)

    def _tests_for(self, bench: runs.Bench, mutant: Mutant) -> list[str]:
        """Those that run its statement, then the models."""
        names = self._tests.get(mutant.place, [])
        if mutant.place.endswith("#-1"):
            names = list(bench.items)
        found = [name for name in names if not runs.is_model(bench.items[name])]
        found = chosen(mutant, found, self._seconds, self._kills[mutant.file])
        adapted = runs.ADAPTED.get(mutant.file, "")
        models = [name for name in names if runs.is_model(bench.items[name])]
        if adapted and adapted in mutant.line:
            models = []
        return found[: self._most_tests] + models

    # --- one mutant after the other -------------------------------------------------------------

    def _hunt(self, bench: runs.Bench, folder: Path) -> None:
        texts = {path: path.read_text() for path in lua_folder().rglob("*.lua")}
        for path, text in texts.items():
            copy = folder / path.relative_to(lua_folder())
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text)
        began, killed = time.monotonic(), 0
        mutants = sorted(self._mutants, key=lambda each: bool(self._tests_for(bench, each)))
        for number, mutant in enumerate(mutants, 1):  # at once: those that nothing can notice
            text = texts[lua_folder() / mutant.file]
            (folder / mutant.file).write_text(mutant.apply(text))
            with scripts_from(folder):
                killer = self._killer(bench, mutant)
            (folder / mutant.file).write_text(text)
            self._book.write(mutant, killer)
            killed += bool(killer)
            if not killer:
                _say(f"lives: {mutant.key}  =>  {mutant.new!r}")
            if number % SHOWN == 0:
                bench.forget_scripts()
                took = time.monotonic() - began
                _say(f"{number} of {len(self._mutants)}, {killed} killed, {took:.0f} s")

    def _killer(self, bench: runs.Bench, mutant: Mutant) -> str:
        for name in self._tests_for(bench, mutant):
            if not bench.passes(name, max(MOST_S, 10 * self._seconds[name])):
                self._kills[mutant.file][name] += 1
                return name
        return ""


def _hash(*paths: Path) -> str:
    return hashlib.sha1(
        b"".join(path.read_bytes() for path in paths), usedforsecurity=False
    ).hexdigest()[:12]


def _write(path: Path, known: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known))


def _say(text: str) -> None:
    sys.__stdout__.write(text + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]
