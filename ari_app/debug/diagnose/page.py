"""docs/troubleshooting.md has the rules as tables; ``python -m ari_app.debug.diagnose.page``.

What stands between two marks, `<!-- rules: SECTION -->` and `<!-- end -->`, is made of the rules.
"""

from __future__ import annotations

import re
from pathlib import Path

from ari_app.debug.diagnose.table import RULES

PAGE = Path("docs/troubleshooting.md")
_MARKED = re.compile(r"<!-- rules: (.+?) -->\n.*?<!-- end -->\n", re.DOTALL)
_HEAD = "| what you see | why | what to do |\n|---|---|---|\n"


def filled(text: str) -> str:
    """Return a page with its tables made anew."""
    return _MARKED.sub(lambda found: _table(found[1]), text)


def _table(section: str) -> str:
    rows = (rule for rule in RULES if rule.section == section)
    lines = "".join(f"| {_cell(r.symptom)} | {_cell(r.cause)} | {_cell(r.fix)} |\n" for r in rows)
    return f"<!-- rules: {section} -->\n{_HEAD}{lines}<!-- end -->\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
