from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ari_app.ari import AriClient, Snapshot
from ari_app.testing.asterisk import FakeAsterisk


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
async def client(asterisk: FakeAsterisk) -> AsyncIterator[AriClient]:
    """A started client, its first reconcile done."""
    made = asterisk.client()
    reconciled = asyncio.Event()

    async def first(snapshot: Snapshot) -> None:
        reconciled.set()

    made.on_reconnect(first)
    await made.start()
    await reconciled.wait()
    yield made
    await made.close()
