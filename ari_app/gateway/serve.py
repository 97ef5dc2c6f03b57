"""A gateway as one process: tables, OpenSIPS as its child, upkeep of the nodes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

import structlog

from ari_app.gateway import client_config, public
from ari_app.gateway.announcements import Announcements
from ari_app.gateway.client_settings import ClientGatewaySettings
from ari_app.gateway.clients import ClientTables
from ari_app.gateway.common_settings import CommonSettings
from ari_app.gateway.keeper import Announced, Keeper
from ari_app.gateway.keeper_ringing import RingingCalls
from ari_app.gateway.keeper_wire import Wire
from ari_app.gateway.mi import Mi
from ari_app.gateway.page import serving
from ari_app.gateway.process import find_modules, find_program, running
from ari_app.gateway.render import render
from ari_app.gateway.settings import GatewaySettings
from ari_app.gateway.tables import Tables
from ari_app.gateway.upkeep import Fixed, Source, Upkeep

log = structlog.get_logger(__name__)

#: Entered when a gateway runs, left when it is to stop.
WhileRunning = Callable[[], AbstractAsyncContextManager[object]]


async def serve(
    settings: GatewaySettings,
    folder: Path,
    redis_url: str | None,
    while_running: WhileRunning = nullcontext,
) -> int:
    """Run the public gateway until SIGTERM or SIGINT; returns the exit code.

    ``folder`` holds configuration and tables. Raises GatewayError when it cannot start.
    """
    database = settings.database_in(folder)

    def filled(modules: Path) -> dict[str, str]:
        return public.values(settings, database=database, modules=modules)

    return await _serve(
        "public", settings, Tables(database), filled, folder, redis_url, while_running
    )


async def serve_clients(
    settings: ClientGatewaySettings,
    folder: Path,
    redis_url: str | None,
    while_running: WhileRunning = nullcontext,
) -> int:
    """Run the client gateway; as :func:`serve`."""

    def filled(modules: Path) -> dict[str, str]:
        return client_config.values(settings, folder, modules)

    tables = ClientTables(settings.database_in(folder))
    return await _serve("client", settings, tables, filled, folder, redis_url, while_running)


async def _serve(
    role: str,
    settings: CommonSettings,
    tables: Tables,
    filled: Callable[[Path], dict[str, str]],
    folder: Path,
    redis_url: str | None,
    while_running: WhileRunning,
) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    program = find_program(settings.program)
    values = filled(find_modules(program, settings.modules))
    async with AsyncExitStack() as stack:
        await _made(stack, tables)
        config = render(role, folder / "etc", values)
        process = await stack.enter_async_context(
            running(program, config, settings.mi_url, memory=settings.shared_memory)
        )
        log.info("gateway.started", role=role, pid=process.pid)
        await stack.enter_async_context(_upkeep(settings, tables, redis_url))
        await stack.enter_async_context(serving(settings.metrics, settings.mi_url))
        await stack.enter_async_context(while_running())
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
        tables = await _made(stack, Tables(settings.database_in(folder)))
        await stack.enter_async_context(_upkeep(settings, tables, redis_url))
        await asyncio.Event().wait()


async def _made(stack: AsyncExitStack, tables: Tables) -> Tables:
    stack.push_async_callback(tables.close)
    await tables.create()
    return tables


@asynccontextmanager
async def _upkeep(
    settings: CommonSettings, tables: Tables, redis_url: str | None
) -> AsyncIterator[None]:
    """Keep the nodes beside what runs within."""
    fixed = [Announced(*_node(text)) for text in settings.nodes]
    async with AsyncExitStack() as stack:
        mi = await stack.enter_async_context(Mi.connect(settings.mi_url))
        source: Source = (
            await stack.enter_async_context(Announcements(redis_url)) if redis_url else Fixed(())
        )
        keeper = Keeper(settings.group, settings.forget)
        tasks = [
            asyncio.create_task(Upkeep(keeper, source, tables, mi, fixed).run()),
            asyncio.create_task(RingingCalls(source, tables, mi, Wire(), fixed).run()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _node(text: str) -> tuple[str, str, int]:
    """Read `host:port=capacity`; the name is made of the address."""
    sip, _, places = text.partition("=")
    return "".join(c if c.isalnum() else "-" for c in sip), sip, int(places)
