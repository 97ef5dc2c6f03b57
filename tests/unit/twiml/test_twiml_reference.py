"""The reference page is what the code says, and the code reads what the page lists."""

from __future__ import annotations

from pathlib import Path

from twiml.document import render
from twiml.registry import UNSUPPORTED, VERBS

PAGE = Path(__file__).parents[3] / "docs" / "twiml.md"


def test_the_committed_page_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_verb_and_attribute_has_its_row() -> None:
    page = render()
    for name, spec in VERBS.items():
        assert f"| {name} |  |  | supported |" in page
        for attribute in spec.attributes:
            assert f"| {name} |  | `{attribute.name}` | {attribute.status} |" in page
    for name in UNSUPPORTED:
        assert f"| {name} |  |  | rejected |" in page


def test_table_rows_have_six_columns() -> None:
    rows = [line for line in render().splitlines() if line.startswith("| ") and "rejected" in line]
    assert rows
    for row in rows:
        assert row.replace("\\|", "").count("|") == 7
