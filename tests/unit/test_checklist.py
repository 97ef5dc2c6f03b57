"""Every fact of the wire contract and every field complaint in reach has a test named after it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

#: Facts that break apps when wrong, as far as the verbs that exist reach. Not here: 30 (Dial).
FACTS = [*range(1, 30)]
#: Complaints of the field: media streams, webhooks and REST, ARI, playback, tools.
COMPLAINTS = [*range(1, 15), 18, 19, 23, 24, 25, 28, 29, 34]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FACT = re.compile(r"fact_(\d+)")
_MORE_FACTS = re.compile(r"fact_\d+((?:_(?:and_)?\d+)+)")
_COMPLAINT = re.compile(r"(?:^|_)b_?(\d+)(?=_|$)")


def names_of_tests() -> Iterator[str]:
    """Yield the name of every test function."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "name", "")
            if isinstance(node, _FUNCTIONS) and name.startswith("test_"):
                yield name


NAMES = list(names_of_tests())


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_has_a_test(fact: int) -> None:
    proven = {
        int(number)
        for name in NAMES
        for match in (*_FACT.finditer(name), *_MORE_FACTS.finditer(name))
        for number in re.findall(r"\d+", match[0])
    }
    assert fact in proven


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_each_complaint_has_a_test(complaint: int) -> None:
    proven = {int(match[1]) for name in NAMES for match in _COMPLAINT.finditer(name)}
    assert complaint in proven
