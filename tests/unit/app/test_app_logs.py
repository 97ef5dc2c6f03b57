"""Log lines tell what went wrong, and no secret."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from ari_app.logs import configure_logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level, kept = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**kept)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_local_variable(
    form: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(form)
    auth_token = secrets.token_hex()
    for log in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        try:
            raise RuntimeError(f"went wrong with {len(auth_token)} letters")
        except RuntimeError:
            log.exception("a.fault")
    printed = capsys.readouterr().out
    assert printed.count("a.fault") == 2
    assert printed.count("went wrong with 64 letters") == 2
    assert "test_app_logs.py" in printed
    assert auth_token not in printed
