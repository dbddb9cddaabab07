"""Links in the documentation lead somewhere, and every page is linked to.

Only links within the project are followed.
"""

import re
from pathlib import Path

from tests.docs.pages import ROOT, pages

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")


def targets(page: Path) -> list[Path]:
    """List the files that a page links to."""
    return [page.parent / found for found in LINK.findall(page.read_text(encoding="utf-8"))]


def test_every_link_within_the_project_leads_somewhere():
    broken = [
        f"{page.relative_to(ROOT)} -> {target.relative_to(page.parent)}"
        for page in pages()
        for target in targets(page)
        if not target.exists()
    ]
    assert not broken, f"nothing is there: {broken}"


def test_every_page_in_docs_is_linked_to():
    linked = {target.resolve() for page in pages() for target in targets(page)}
    orphans = [str(page.relative_to(ROOT)) for page in pages() if page.resolve() not in linked]
    assert [page for page in orphans if page.startswith("docs/")] == []


def test_the_decisions_are_all_in_their_table():
    folder = ROOT / "docs/decisions"
    files = sorted(path.name for path in folder.glob("0*.md"))
    table = re.findall(r"\((0\d{3}-[^)]*\.md)\)", (folder / "README.md").read_text())
    assert table == files
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
