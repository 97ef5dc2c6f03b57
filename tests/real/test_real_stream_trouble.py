"""Bots that cannot be reached or misbehave: it is told, and the call goes on as documented."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable

import pytest

from ari_app.testing import audio
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.customer import Customer, customer
from ari_app.testing.phone import Phone, call
from ari_app.testing.rtp_probe import longest_match
from ari_app.testing.stack import RealStack
from ari_app.testing.web import raw_site

NEXT = audio.random_codes(0.3, seed=9)
SPEECH = audio.random_codes(0.3, seed=10)

Script = Callable[[BotConnection, Phone], Awaitable[None]]


def sound(shop: Customer) -> str:
    return f"<Play>{shop.files.audio('/next.wav', audio.wav(NEXT, 'ulaw'))}</Play>"


async def test_b_08_every_failure_to_connect_has_its_code_and_the_next_verb_runs(
    stack: RealStack,
) -> None:
    """One document with a stream for each way to fail, and a file to play behind them."""

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x00\xff not HTTP at all\r\n\r\n")

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed_port = taken.getsockname()[1]
    async with (
        customer(stack) as shop,
        FakeBot(status=403) as refuses,
        FakeBot(location="ws://127.0.0.1:1/") as redirects,
        raw_site(garbage) as no_http,
        raw_site(hangs_up) as silent,
    ):
        failing = {
            f"ws://127.0.0.1:{closed_port}/": 31902,
            refuses.url: 31920,
            redirects.url: 31920,
            no_http.base.replace("http", "ws"): 31920,
            silent.base.replace("http", "ws") + "/x": 31920,
            "ws://nowhere.invalid/": 31904,
            refuses.url.replace("ws:", "wss:"): 31910,
            refuses.url.replace("ws:", "ftp:"): 31922,
            "ws://[bad/": 31923,
        }
        events_to = shop.web.url("/stream")
        shop.says(
            "".join(
                f'<Connect><Stream url="{url}" name="{n}" statusCallback="{events_to}"/></Connect>'
                for n, url in enumerate(failing)
            )
            + sound(shop)
        )
        async with call(stack.sip, shop.number) as phone:
            await phone.probe.wait_for(NEXT, timeout=30)
            await phone.hung_up()
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)
        events = await shop.stream_events(len(failing))
        problems = await shop.problems(call_sid)
    codes = list(failing.values())
    assert [(e["StreamEvent"], e["StreamError"].split()[0]) for e in events] == [
        ("stream-error", str(code)) for code in codes
    ]
    assert [e["StreamName"] for e in events] == [str(n) for n in range(len(failing))]
    assert [code for code, _ in problems] == codes
    for code in set(codes):
        lines = shop.log_lines(call_sid, code)
        assert len(lines) == codes.count(code)
        assert all("likely_cause=" in line for line in lines)
    # Twilio dials out only for a URL that can be dialled, and a caller hears no noise of it.
    heard = phone.probe.audio()
    assert not heard[: heard.index(NEXT)].translate(None, b"\xff\x7f")


async def closes_at_once(bot: BotConnection, _: Phone) -> None:
    await bot.close()


async def writes_no_frames(bot: BotConnection, _: Phone) -> None:
    bot.write_raw(b"GET / HTTP/1.1\r\n" * 20)
    await bot.wait_closed()


async def talks_nonsense(bot: BotConnection, _: Phone) -> None:
    """Fact 9: none of it ends the stream."""
    for message in (
        "",
        "nonsense",
        "[]",
        "{}",
        '{"event":"what"}',
        '{"event":"media"}',
        "[" * 9999,
    ):
        await bot.send(message)
    await bot.send({"event": "clear", "streamSid": "MZ" + "0" * 32})
    await bot.send({"event": "media", "media": {"payload": "%%%"}})
    await still_works(bot)


async def talks_binary(bot: BotConnection, _: Phone) -> None:
    for _n in range(100):
        await bot.send(SPEECH)
    await still_works(bot)


async def sends_ten_megabytes(bot: BotConnection, phone: Phone) -> None:
    """Two messages of 5 MB are more than the ten minutes that are kept."""
    big = base64.b64encode(SPEECH * 1600).decode()
    for _n in range(2):
        await bot.send({"event": "media", "media": {"payload": big}})
    await phone.probe.wait_for(SPEECH)
    await still_works(bot)


async def sends_tiny_messages(bot: BotConnection, _: Phone) -> None:
    one = '{"event":"media","media":{"payload":"AA=="}}'
    for n in range(100_000):
        await bot.send(one)
        if n % 100 == 0:
            await asyncio.sleep(0)  # sending alone never lets the telephone listen
    await still_works(bot)


async def stops_reading(bot: BotConnection, phone: Phone) -> None:
    """Two seconds: the caller goes on hearing, and the bot gets all of it afterwards."""
    speech = audio.random_codes(2, seed=11)
    bot.reading.clear()
    await bot.play(speech)
    await phone.probe.wait_for(speech)
    await phone.probe.play(SPEECH)
    bot.reading.set()
    await bot.wait_audio(SPEECH)
    stamps = [int(m["media"]["timestamp"]) for m in bot.of("media")]
    assert stamps == list(range(0, 20 * len(stamps), 20))
    await still_works(bot)


async def falls_behind(bot: BotConnection, phone: Phone) -> None:
    """The caller talks faster than time: half a minute, unread, is more than is kept for a bot."""
    bot.reading.clear()
    for _n in range(30):
        heard = len(phone.probe.received)
        phone.probe.burst(SPEECH * 3)
        await phone.probe.wait_for_packets(heard + 2)
    bot.reading.set()
    await still_works(bot)
    stamps = [int(m["media"]["timestamp"]) for m in bot.of("media")]
    assert stamps == sorted(set(stamps))
    assert len(stamps) <= stamps[-1] // 20  # a gap says what was dropped


async def still_works(bot: BotConnection) -> None:
    await bot.clear()
    before = len(bot.of("mark"))
    await bot.play(SPEECH)
    await bot.mark("still there")
    await bot.wait_count("mark", before + 1)
    await bot.close()


@pytest.mark.parametrize(
    ("script", "codes", "heard"),
    [
        (closes_at_once, [], NEXT),
        (writes_no_frames, [31924], NEXT),
        (talks_nonsense, [31951], SPEECH),
        (talks_binary, [31950], SPEECH),
        (sends_ten_megabytes, [31931], SPEECH),
        (sends_tiny_messages, [], SPEECH),
        (stops_reading, [], SPEECH),
        (falls_behind, [31930], SPEECH),
    ],
)
async def test_fact_09_b_08_hostile_bots(
    stack: RealStack, script: Script, codes: list[int], heard: bytes
) -> None:
    """One log line with the call's SID and the code; the next verb runs; so does the next call."""
    small = 8192 if script is falls_behind else None
    async with customer(stack) as shop, FakeBot(receive_buffer=small) as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>{sound(shop)}')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await script(bot, phone)
            await phone.probe.wait_for(NEXT)
            await phone.hung_up()
        best = longest_match(phone.probe.audio(), heard)
        assert best == len(heard), phone.probe.report()
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)
        assert [code for code, _ in await shop.problems(call_sid)] == codes
        for code in codes:
            assert len(shop.log_lines(call_sid, code)) == 1
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection(1)
            await bot.wait_count("start", 1)
            await bot.close()
            await phone.probe.wait_for(NEXT)
            await phone.hung_up()
        await shop.ended(await shop.call_sid(2))
