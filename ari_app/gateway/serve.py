"""The public gateway as one process: tables, OpenSIPS as its child, upkeep of the nodes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from ari_app.gateway import public
from ari_app.gateway.announcements import Announcements
from ari_app.gateway.keeper import Announced, Keeper
from ari_app.gateway.mi import Mi
from ari_app.gateway.process import find_modules, find_program, running
from ari_app.gateway.render import render
from ari_app.gateway.settings import GatewaySettings
from ari_app.gateway.tables import Tables
from ari_app.gateway.upkeep import Fixed, Source, Upkeep

log = structlog.get_logger(__name__)


async def serve(settings: GatewaySettings, folder: Path, redis_url: str | None) -> int:
    """Run OpenSIPS and its upkeep until SIGTERM or SIGINT; returns the exit code.

    ``folder`` holds configuration and tables. Raises GatewayError when it cannot start.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    program = find_program(settings.program)
    database = settings.database_in(folder)
    filled = public.values(
        settings, database=database, modules=find_modules(program, settings.modules)
    )
    async with AsyncExitStack() as stack:
        tables = await _tables(stack, database)
        config = render("public", folder / "etc", filled)
        process = await stack.enter_async_context(
            running(program, config, settings.mi_url, memory=settings.shared_memory)
        )
        log.info("gateway.started", outside=f"{settings.bind}:{settings.sip_port}", pid=process.pid)
        await stack.enter_async_context(_upkeep(settings, tables, redis_url))
        waits = {asyncio.create_task(process.wait()), asyncio.create_task(stopped.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if not stopped.is_set():
            log.error("gateway.opensips_ended", exit_code=process.returncode)
            return 1
        log.info("gateway.stopping")
    return 0


async def keep(settings: GatewaySettings, folder: Path, redis_url: str | None) -> None:
    """Only keep the nodes of an OpenSIPS that runs already, until cancelled."""
    async with AsyncExitStack() as stack:
        tables = await _tables(stack, settings.database_in(folder))
        await stack.enter_async_context(_upkeep(settings, tables, redis_url))
        await asyncio.Event().wait()


async def _tables(stack: AsyncExitStack, database: str) -> Tables:
    tables = Tables(database)
    stack.push_async_callback(tables.close)
    await tables.create()
    return tables


@asynccontextmanager
async def _upkeep(
    settings: GatewaySettings, tables: Tables, redis_url: str | None
) -> AsyncIterator[None]:
    """Keep the nodes beside what runs within."""
    fixed = [Announced(*_node(text)) for text in settings.nodes]
    async with AsyncExitStack() as stack:
        mi = await stack.enter_async_context(Mi.connect(settings.mi_url))
        source: Source = (
            await stack.enter_async_context(Announcements(redis_url)) if redis_url else Fixed(())
        )
        keeper = Keeper(settings.group, settings.forget)
        task = asyncio.create_task(Upkeep(keeper, source, tables, mi, fixed).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _node(text: str) -> tuple[str, str, int]:
    """Read `host:port=capacity`; the name is made of the address."""
    sip, _, places = text.partition("=")
    return "".join(c if c.isalnum() else "-" for c in sip), sip, int(places)
