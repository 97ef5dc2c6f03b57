"""A cache in front of a counting web server."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from ari_app.media import MediaCache
from ari_app.media.download import Limits
from ari_app.testing.media_server import ManualClock, MediaServer


@pytest.fixture
async def media_server() -> AsyncIterator[MediaServer]:
    server = MediaServer()
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def limits() -> Limits:
    """The cache's own; a test may narrow them."""
    return Limits()


@pytest.fixture
async def cache(
    tmp_path: Path, session: aiohttp.ClientSession, clock: ManualClock, limits: Limits
) -> AsyncIterator[MediaCache]:
    cache = MediaCache(tmp_path / "media", session, 50_000_000, limits=limits, clock=clock)
    yield cache
    await cache.close()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
