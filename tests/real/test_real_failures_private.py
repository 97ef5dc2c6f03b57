"""A node that may not reach private addresses: nothing a customer writes leads inside (B-19)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ari_app.testing import sipp
from ari_app.testing.bot import FakeBot
from ari_app.testing.developer import Developer, developer_on
from ari_app.testing.phone import call
from ari_app.testing.stack import RealStack, real_stack

#: An address of this machine that the node's list of exceptions does not hold.
INSIDE = "127.0.0.2"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A node that reaches the tests' own web servers at 127.0.0.1 and nothing else inside."""
    folder = tmp_path_factory.mktemp("closed")
    with real_stack(folder, allow_private_urls="false", url_allow="127.0.0.1/32") as running:
        yield running


@pytest.fixture
async def dev(closed: RealStack) -> AsyncIterator[Developer]:
    async with developer_on(closed) as playing:
        yield playing


def inside(dev: Developer, path: str, scheme: str = "http") -> str:
    """A URL that a server would answer, were the address allowed."""
    return dev.app.url(path, scheme).replace("127.0.0.1", INSIDE)


async def busy(dev: Developer, number: str) -> None:
    result = await sipp.run("uac_expect_code", dev.stack.sip, number=number, keys={"code": 486})
    result.check()


@pytest.mark.parametrize("way", ["literal", "hex", "mapped", "redirect"])
async def test_b_19_a_webhook_to_a_private_address_is_refused(dev: Developer, way: str) -> None:
    dev.app.twiml("/inside", "<Hangup/>")
    url = {
        "literal": inside(dev, "/inside"),
        "hex": inside(dev, "/inside").replace(INSIDE, "0x7f000002"),
        "mapped": inside(dev, "/inside").replace(INSIDE, f"[::ffff:{INSIDE}]"),
        "redirect": dev.app.redirect("/outside", inside(dev, "/inside")),
    }[way]
    fallback = dev.app.twiml("/fallback", "<Reject reason='busy'/>")
    await busy(dev, await dev.number(url, voice_fallback_url=fallback))
    params = (await dev.app.wait_for("/fallback")).params
    assert params["ErrorCode"] == "11205"
    assert not dev.app.received("/inside")
    assert await dev.logged(params["CallSid"], "code=11205")


async def test_b_19_a_play_url_to_a_private_address_is_refused(dev: Developer) -> None:
    fallback = dev.app.twiml("/fallback", "<Reject reason='busy'/>")
    number = await dev.serving(f"<Play>{inside(dev, '/a.wav')}</Play>", voice_fallback_url=fallback)
    await busy(dev, number)
    assert (await dev.app.wait_for("/fallback")).params["ErrorCode"] == "11205"
    assert not dev.app.received("/a.wav")


async def test_b_19_a_stream_to_a_private_address_is_refused(dev: Developer) -> None:
    told = dev.app.callback("/stream")
    dev.app.callback("/status")
    number = await dev.serving(
        f'<Connect><Stream url="{inside(dev, "/bot", "ws")}" statusCallback="{told}"/></Connect>'
        "<Hangup/>",
        status_callback=dev.app.url("/status"),
    )
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    event = (await dev.app.wait_for("/stream")).params
    assert event["StreamEvent"] == "stream-error"
    assert event["StreamError"].startswith("31904")
    assert await dev.problems(event["CallSid"], "31904") == ["31904"]
    assert not dev.app.received("/bot")


async def test_b_19_a_stream_to_a_listed_address_is_opened(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await dev.serving(f'<Connect><Stream url="{bot.url}"/></Connect>')
        async with call(dev.stack.sip, number) as phone:
            connection = await bot.connection()
            await connection.wait_count("start", 1)
            await connection.close()
            await phone.hung_up()


async def test_b_19_a_status_callback_to_a_private_address_is_refused(dev: Developer) -> None:
    number = await dev.serving(
        "<Reject reason='busy'/>", status_callback=inside(dev, "/inside-status")
    )
    await busy(dev, number)
    sid = await dev.call_sid()
    assert (await dev.over(sid)).status == "busy"
    assert await dev.logged(sid, "callback.retry") or await dev.logged(sid, "15003")
    assert not dev.app.received("/inside-status")
