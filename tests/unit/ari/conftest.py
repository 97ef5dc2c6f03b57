from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.ari import AriClient
from ari_app.testing.asterisk import FakeAsterisk


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
async def client(asterisk: FakeAsterisk) -> AsyncIterator[AriClient]:
    """A started client, its first reconcile done."""
    made = asterisk.client()
    await made.start()
    await asterisk.wait_request("GET", "/bridges")
    yield made
    await made.close()
