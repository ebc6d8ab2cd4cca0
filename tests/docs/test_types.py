"""What the documentation and the examples show passes `mypy --strict`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, manual

Programs = Mapping[str, str]  # of one folder: name -> code


def _folders() -> list[tuple[str, Programs]]:
    """A page's files, those with excerpts in their fullest form; and each example."""
    found = [(page.slug, {**page.files, **page.excerpts}) for page in manual()]
    for readme in sorted((ROOT / "examples").glob("*/README.md")):
        if [*readme.parent.glob("*/__init__.py")]:
            continue  # a project of Celery's, written as its documentation is
        programs = {path.name: path.read_text() for path in readme.parent.glob("*.py")}
        found.append((f"example_{readme.parent.name}", programs))
    return [(slug, programs) for slug, programs in found if programs]


def _runs(folders: list[tuple[str, Programs]]) -> Iterator[list[Path]]:
    """As few runs as can be: no two files of a run have the same name."""
    while folders:
        run: dict[str, Path] = {}
        later = []
        for slug, programs in folders:
            if run.keys() & programs.keys():
                later.append((slug, programs))
            else:
                run |= {name: Path(slug) / name for name in programs}
        yield list(run.values())
        folders = later


def check(folder: Path, files: list[Path]) -> str:
    """What mypy says of them; empty if nothing."""
    # Tests in a tutorial have no annotations; everything else has.
    options = ["--strict", "--allow-untyped-defs", "--no-error-summary", "--cache-dir", ".cache"]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", *options, *map(str, files)],
        cwd=folder,
        env={
            **os.environ,
            "MYPYPATH": os.pathsep.join([str(ROOT), *{str(f.parent) for f in files}]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_everything_shown_is_typed(tmp_path: Path) -> None:
    folders = _folders()
    for slug, programs in folders:
        (tmp_path / slug).mkdir()
        for name, code in programs.items():
            (tmp_path / slug / name).write_text(code, encoding="utf-8")
    for run in _runs(folders):
        assert check(tmp_path, run) == ""
    wrong = tmp_path / "wrong.py"
    wrong.write_text((tmp_path / "README" / "shop.py").read_text() + '\nadd.delay("x")\n')
    assert "arg-type" in check(tmp_path, [Path("wrong.py")])
