"""After many calls of all kinds nothing is left: no channel, stream, call or file descriptor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ari_app.testing import sipp
from ari_app.testing.audio import random_codes, wav
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.developer import Developer, developer_on
from ari_app.testing.phone import call
from ari_app.testing.sipp import free_port
from ari_app.testing.stack import RealStack, real_stack

#: Descriptors that kept connections and the SQL pool may hold more or less than before.
SLACK = 8


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A node that has had no call."""
    with real_stack(tmp_path_factory.mktemp("quiet")) as running:
        yield running


@pytest.fixture
async def dev(quiet: RealStack) -> AsyncIterator[Developer]:
    async with developer_on(quiet) as playing:
        yield playing


def descriptors(stack: RealStack, part: str) -> int:
    return len(list(Path(f"/proc/{stack.pid(part)}/fd").iterdir()))


async def one_round(dev: Developer, numbers: dict[str, str]) -> None:
    """One call of each kind, all at the same time."""
    target = dev.stack.sip

    async def until_hung_up(kind: str) -> None:
        async with call(target, numbers[kind]) as phone:
            await phone.hung_up()

    async def leaves_early(kind: str) -> None:
        async with call(target, numbers[kind]) as phone:
            await phone.sipp.hang_up()

    async def refused(kind: str, code: int) -> None:
        keys = {"code": code}
        (await sipp.run("uac_expect_code", target, number=numbers[kind], keys=keys)).check()

    await asyncio.gather(
        until_hung_up("bot closes"),
        until_hung_up("bot refuses"),
        until_hung_up("play"),
        leaves_early("caller leaves"),
        leaves_early("dead"),
        refused("reject", 486),
        refused("unknown", 404),
    )


async def test_b_07_many_calls_of_all_kinds_leave_nothing_behind(dev: Developer) -> None:
    async def close_soon(connection: BotConnection) -> None:
        await connection.wait_count("media", 2)
        await connection.close()

    sound = dev.files.audio("/a.wav", wav(random_codes(0.2, seed=5), "ulaw"))
    async with FakeBot(close_soon) as bot, FakeBot() as silent:
        kinds = {
            "bot closes": f'<Connect><Stream url="{bot.url}"/></Connect>',
            "bot refuses": f'<Connect><Stream url="ws://127.0.0.1:{free_port()}/"/></Connect>',
            "play": f"<Play>{sound}</Play>",
            "caller leaves": f'<Connect><Stream url="{silent.url}"/></Connect>',
            "reject": "<Reject reason='busy'/>",
        }
        numbers = {"unknown": "+15559999999"}
        for index, (kind, verbs) in enumerate(kinds.items()):
            numbers[kind] = await dev.number(dev.app.twiml(f"/kind-{index}", verbs))
        numbers["dead"] = await dev.number(f"http://127.0.0.1:{free_port()}/#rc=0")

        await one_round(dev, numbers)
        await dev.idle()
        parts = ("app", "stream-0", "asterisk")
        before = {part: descriptors(dev.stack, part) for part in parts}
        for _ in range(3):
            await one_round(dev, numbers)
        await dev.idle()
    after = {part: descriptors(dev.stack, part) for part in parts}
    grown = {part: after[part] - before[part] for part in parts}
    assert all(more <= SLACK for more in grown.values()), (before, after)
    assert await dev.in_asterisk() == set()
