"""Stream workers that come and go while the node runs, and what `/metrics` tells of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import aiohttp

from ari_app.testing import audio
from ari_app.testing.bot import FakeBot
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.stack import RealStack

SOUND = audio.random_codes(0.4, seed=3)
RUN = """
import sys
from pathlib import Path
from stream.worker import run_worker
run_worker(1, Path(sys.argv[1]))
"""


async def told(stack: RealStack, name: str) -> dict[str, float]:
    """Return a metric by worker."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{stack.api_url}/metrics") as response,
    ):
        page = await response.text()
    rows = (line.rpartition(" ") for line in page.splitlines() if line.startswith(f"{name}{{"))
    return {labels.split('"')[1]: float(value) for labels, _, value in rows}


async def until(
    stack: RealStack, name: str, wanted: Callable[[dict[str, float]], bool]
) -> dict[str, float]:
    """Ask until a metric is as wanted."""
    async with asyncio.timeout(30):
        while not wanted(found := await told(stack, name)):  # noqa: ASYNC110 - Prometheus polls
            await asyncio.sleep(0.2)
    return found


async def test_a_worker_that_comes_takes_its_share_and_one_that_dies_takes_no_other_along(
    stack: RealStack,
) -> None:
    path = stack.settings.run_dir / "stream-1.sock"
    before = await told(stack, "ariswitch_worker_streams")
    assert set(before) == {"stream-0"}
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, path)
    try:
        await until(stack, "ariswitch_worker_alive", lambda row: row.get("stream-1") == 1)
        async with customer(stack) as shop, FakeBot() as server:
            shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
            async with call(stack.sip, shop.number) as one, call(stack.sip, shop.number) as two:
                bots = [await server.connection(number) for number in range(2)]
                for bot in bots:
                    await bot.wait_count("media", 3)
                    await bot.play(SOUND)
                for phone in (one, two):
                    await phone.probe.wait_for(SOUND)
                await until(
                    stack,
                    "ariswitch_worker_streams",
                    lambda row: row == {"stream-0": 1, "stream-1": 1},
                )
                await until(
                    stack,
                    "ariswitch_worker_frames_sent_total",
                    lambda row: min(row.get("stream-0", 0), row.get("stream-1", 0)) > 0,
                )
                worker.kill()
                path.unlink()
                await until(stack, "ariswitch_worker_alive", lambda row: row == {"stream-0": 1})
                await asyncio.wait(
                    [asyncio.create_task(bot.wait_closed()) for bot in bots],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                (left,) = [bot for bot in bots if bot.close_code is None]
                count = len(left.of("media"))
                await left.wait_count("media", count + 10)
                await left.close(1000)
                await asyncio.gather(one.hung_up(), two.hung_up())
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.wait()
        path.unlink(missing_ok=True)
