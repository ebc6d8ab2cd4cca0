"""The programs of README and manual run, and print what stands beside each line."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamq.embedded import EmbeddedServer
from tests.docs.pages import ROOT, Block, Page, manual
from tests.docs.running import Stage, check_programs

PAGES = manual()
BLOCKS = [block for page in PAGES for block in page.python]
NOBODY = "redis://127.0.0.1:1"  # who asks a server here fails


def _write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, code in files.items():
        (folder / name).write_text(code, encoding="utf-8")
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if page.files], ids=lambda it: it.name)
def test_programs_run(page: Page, tmp_path: Path, streamq_server: EmbeddedServer) -> None:
    folder = _write(tmp_path / "page", page.files)
    check_programs(folder, page.files, streamq_server, f"docs-{page.slug}")


@pytest.mark.parametrize("page", [page for page in PAGES if page.excerpts], ids=lambda it: it.name)
def test_excerpts_run_in_place(page: Page, tmp_path: Path, streamq_server: EmbeddedServer) -> None:
    for name, code in page.excerpts.items():
        folder = _write(tmp_path / name.removesuffix(".py"), {**page.files, name: code})
        stage = Stage(folder, streamq_server, "nobody")
        module = name.removesuffix(".py")
        stage.run("-c", f"import {module}", STREAMQ_EAGER="1", STREAMQ_BROKER_URL=NOBODY)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda it: it.place)
def test_every_block_compiles(block: Block) -> None:
    compile(block.code, block.place, "exec", dont_inherit=True)


@pytest.mark.parametrize(
    "folder",
    # The one with a package is a project of Celery's; `tests/celery` runs it.
    sorted(
        path.parent
        for path in (ROOT / "examples").glob("*/README.md")
        if not [*path.parent.glob("*/__init__.py")]
    ),
    ids=lambda it: it.name,
)
def test_examples_run(folder: Path, tmp_path: Path, streamq_server: EmbeddedServer) -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    assert files
    copy = _write(tmp_path / "example", files)
    check_programs(copy, files, streamq_server, f"example-{folder.name}")


def test_a_wrong_line_would_be_seen(tmp_path: Path, streamq_server: EmbeddedServer) -> None:
    files = {
        "shop.py": 'from streamq import StreamQ\napp = StreamQ("shop")\nprint(app.name)  # store\n'
    }
    with pytest.raises(AssertionError, match="shop"):
        check_programs(_write(tmp_path / "it", files), files, streamq_server, "docs-wrong")
