"""A management interface that answers as OpenSIPS does, always the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from ari_app.gateway.mi import Mi


@asynccontextmanager
async def opensips(reply: dict[str, Any] | str) -> AsyncIterator[tuple[Mi, list[Any]]]:
    """Yield a client and what it has asked so far; ``reply`` is the body of each answer.

    ``/metrics`` beside it has one counter.
    """
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.Response(text=reply) if isinstance(reply, str) else web.json_response(reply)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(text="opensips_calls_failed_over 3\n")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_post("/mi", answer)
    async with TestServer(app) as server, Mi.connect(str(server.make_url("/mi"))) as mi:
        yield mi, asked
