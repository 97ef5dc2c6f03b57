"""What a node tells of itself: tasks of calls are counted, connections of clients are not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from ari_app.metrics import watch_node


def told(registry: CollectorRegistry, name: str) -> float:
    lines = generate_latest(registry).decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


async def test_tasks_are_counted_but_not_those_of_http_connections() -> None:
    class RequestHandler:
        async def start(self) -> None:
            await asyncio.Event().wait()

    RequestHandler.start.__qualname__ = "RequestHandler.start"
    node: Any = SimpleNamespace(
        manager=SimpleNamespace(active=3, draining=False),
        ari=SimpleNamespace(lag=0.0, connects=1, state="connected"),
        pool=SimpleNamespace(workers=[]),
    )
    registry = CollectorRegistry()
    watch_node(registry, node)
    assert told(registry, "ariswitch_calls_active") == 3
    before = told(registry, "ariswitch_tasks")
    connection = asyncio.create_task(RequestHandler().start())
    call = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    assert told(registry, "ariswitch_tasks") == before + 1
    connection.cancel()
    call.cancel()
    await asyncio.gather(connection, call, return_exceptions=True)
    assert told(registry, "ariswitch_tasks") == before
