"""docs/rights.md says what the code does."""

import runpy
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_page_of_rights_is_drawn_from_the_tables_as_they_are() -> None:
    drawn = runpy.run_path(str(DOCS / "draw_rights.py"))["text"]()
    assert (DOCS / "rights.md").read_text() == drawn, "run `make docs`"
