"""Every link of the documentation leads somewhere, and every page can be reached."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT, Page, pages

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page: Page) -> None:
    broken = []
    for link in page.links:
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        where, _, anchor = link.partition("#")
        target = (page.path.parent / where).resolve() if where else page.path
        if not target.exists():
            broken.append(link)
        elif anchor and anchor not in Page(target).anchors:
            broken.append(f"{link}: {target.name} has {sorted(Page(target).anchors)}")
    assert broken == []


def test_every_page_is_in_an_index() -> None:
    """The README and docs/README.md lead to each page of docs/, at most by one page between."""
    reached = {ROOT / "docs" / "README.md"}
    for _ in range(2):
        for path in list(reached):
            links = [link.partition("#")[0] for link in Page(path).links if ":" not in link]
            targets = {(path.parent / link).resolve() for link in links if link.endswith(".md")}
            reached |= {target for target in targets if target.exists()}
    missing = {page.name for page in PAGES if page.name.startswith("docs/")} - {
        path.relative_to(ROOT).as_posix() for path in reached
    }
    assert missing == set()
    assert "docs/README.md" in Page(ROOT / "README.md").links


def test_every_example_has_a_readme_that_is_short() -> None:
    for folder in sorted((ROOT / "examples").iterdir()):
        if folder.name.startswith(("_", ".")) or not folder.is_dir():
            continue
        lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 8, folder.name
        for program in folder.glob("*.py"):
            assert len(program.read_text(encoding="utf-8").splitlines()) < 80, program
