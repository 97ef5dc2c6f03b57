"""The books of nodes that do not come back, joined to SQL, the bus and the calls."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from ari_app.call.lost import end_of
from ari_app.call.manager import CallManager
from ari_app.cluster import Presence
from ari_app.cluster.takeover import Takeover
from ari_app.settings import Settings
from ari_app.store.nodes import Taken
from ari_app.store.store import Store


def take_over(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    presence: Presence,
    manager: CallManager,
) -> None:
    """Begin to watch the other nodes, until ``stack`` ends; a node alone has none.

    Without a grace too, others must know that this node is there.
    """
    grace = settings.takeover_after
    if settings.redis_url is None:
        return

    async def take(node: str) -> Taken | None:
        return await store.nodes.take(node, settings.node, grace, end_of)

    takeover = Takeover(
        settings.node,
        grace,
        store.nodes,
        presence,
        take=take,
        running=lambda: manager.sids,
        give_up=manager.give_up,
    )
    task = asyncio.create_task(takeover.run(), name="takeover")
    stack.callback(task.cancel)
