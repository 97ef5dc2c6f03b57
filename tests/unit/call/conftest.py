"""A call room for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.call import call, journal, leg, manager, stream
from ari_app.testing.call_services import CallRoom


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that guard against a sick Asterisk or store, as short as tests need them."""
    monkeypatch.setattr(leg, "HANGUP_WAIT", 0.2)
    monkeypatch.setattr(call, "GONE_SECONDS", 0.2)
    monkeypatch.setattr(stream, "GONE_SECONDS", 0.2)
    monkeypatch.setattr(manager, "ADOPTION_RETRY", 0.02)
    monkeypatch.setattr(journal, "FIRST_RETRY", 0.005)
    monkeypatch.setattr(journal, "LONGEST_RETRY", 0.02)


@pytest.fixture
async def room() -> AsyncIterator[CallRoom]:
    """A call manager, connected to a fake Asterisk and fake rooms."""
    async with CallRoom() as made:
        await made.connect()
        yield made


@pytest.fixture
async def unconnected() -> AsyncIterator[CallRoom]:
    """A call manager that has not met its Asterisk yet."""
    async with CallRoom() as made:
        yield made
