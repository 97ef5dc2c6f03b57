"""Real parts for tests: a whole node, and Asterisk alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ari_app.testing.stack import RealStack, real_asterisk, real_stack

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder as needing the real Asterisk."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A whole node, started as `ariswitch up` does; one for all tests of a session."""
    with real_stack(tmp_path_factory.mktemp("node")) as running:
        yield running
        errors = running.asterisk_errors()
    assert not errors, "\n".join(errors)


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """Asterisk alone; connect to its ARI as application `ariswitch`."""
    with real_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running
        errors = running.asterisk_errors()
    assert not errors, "\n".join(errors)
