"""The bus that the settings ask for."""

from __future__ import annotations

from contextlib import AsyncExitStack

from ari_app.bus import Bus, LocalBus, RedisBus
from ari_app.settings import Settings


async def make_bus(stack: AsyncExitStack, settings: Settings) -> Bus:
    """Return the bus between nodes, or the one of a node alone; closed with ``stack``."""
    if settings.redis_url is None:
        return LocalBus()
    bus = RedisBus(settings.redis_url.get_secret_value())
    stack.push_async_callback(bus.close)
    await bus.start()
    return bus
