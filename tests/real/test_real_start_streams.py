"""One-way streams beside a call: right audio on each track, several at once, stopped by name."""

from __future__ import annotations

import asyncio
import base64

import pytest

from ari_app.testing import audio
from ari_app.testing.bot import DEADLINE, BotConnection, FakeBot
from ari_app.testing.customer import customer
from ari_app.testing.phone import Phone, call
from ari_app.testing.rtp import Law
from ari_app.testing.stack import RealStack
from ari_app.testing.twilio_client import twilio_client
from stream.g711 import ALAW_TO_ULAW

BEGUN = "stream-started"


def media(bot: BotConnection, track: str) -> list[dict[str, str]]:
    return [m["media"] for m in bot.of("media") if m["media"]["track"] == track]


def heard(bot: BotConnection, track: str) -> bytes:
    return b"".join(base64.b64decode(one["payload"]) for one in media(bot, track))


async def hears(bot: BotConnection, track: str, needle: bytes) -> None:
    await bot.wait(lambda bot: needle in heard(bot, track))


async def says(phone: Phone, said: bytes, bot: BotConnection, needle: bytes) -> None:
    """Say it again until the tap has it whole.

    Asterisk throws away what a tap holds when packets come late and then in a burst, as they
    do on a machine that is busy with something else.
    """
    frames = 0

    def settled(bot: BotConnection) -> bool:
        return needle in heard(bot, "inbound") or len(media(bot, "inbound")) > frames + 25

    async with asyncio.timeout(DEADLINE):
        while needle not in heard(bot, "inbound"):
            await phone.probe.play(said)
            frames = len(media(bot, "inbound"))
            await bot.wait(settled)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_both_tracks_of_a_call_byte_for_byte(stack: RealStack, law: Law) -> None:
    """§2.1, §2.3: the caller on one track, what the caller hears on the other."""
    said, played = (audio.random_codes(0.6, seed=n, law=law) for n in (11, 12))
    async with customer(stack) as shop, FakeBot() as server:
        url = shop.files.audio("/a.wav", audio.wav(played, law))
        shop.says(
            f'<Start><Stream name="tap" track="both_tracks" url="{server.url}?x=1" '
            f'statusCallback="{shop.web.url("/stream")}"><Parameter name="k" value="v"/></Stream>'
            f"</Start><Pause length='2'/><Play loop='9'>{url}</Play><Pause length='60'/>"
        )
        async with call(stack.sip, shop.number, law=law) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            table = ALAW_TO_ULAW if law == "alaw" else bytes(range(256))
            await says(phone, said, bot, said.translate(table))
            await hears(bot, "outbound", played.translate(table))
            await bot.play(b"x" * 160)
            await phone.probe.wait_for(played)
            await shop.told(await shop.call_sid(), 31951)
            await phone.sipp.hang_up()
            await bot.wait_closed()
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)
        events = await shop.stream_events(2)
        problems = [code for code, _ in await shop.problems(call_sid)]

    start = bot.messages[1]["start"]
    assert start["tracks"] == ["inbound", "outbound"]
    assert start["customParameters"] == {"k": "v"}
    assert bot.path == "/stream"
    for track in ("inbound", "outbound"):
        times = [int(one["timestamp"]) for one in media(bot, track)]
        assert times == list(range(0, 20 * len(times), 20))
    chunks = [int(m["media"]["chunk"]) for m in bot.of("media")]
    assert chunks == list(range(1, len(chunks) + 1))
    # What is played begins two seconds after the stream; its timestamp says so.
    at = heard(bot, "outbound").index(played.translate(table)) / 8
    assert at > 1500
    assert bot.messages[-1]["event"] == "stop"
    assert bot.close_code == 1000
    assert [(e["StreamEvent"], e["StreamName"]) for e in events] == [
        (BEGUN, "tap"),
        ("stream-stopped", "tap"),
    ]
    assert problems == [31951]  # one-way: the bot's media was ignored


async def test_several_at_once_stopped_by_name_beside_a_two_way_stream(stack: RealStack) -> None:
    """§1.14, §2.8: Start before Connect; Stop ends what it names; REST starts and stops too."""
    said = audio.random_codes(0.4, seed=13)
    sung = audio.random_codes(0.4, seed=14)
    client = twilio_client(stack.api_url, stack.sid, stack.token)
    async with customer(stack) as shop, FakeBot() as one, FakeBot() as two, FakeBot() as bot:
        shop.says(
            f'<Start><Stream name="one" url="{one.url}"/></Start>'
            f'<Start><Stream name="two" track="outbound_track" url="{two.url}"/></Start>'
            f'<Connect><Stream url="{bot.url}"/></Connect>'
            '<Stop><Stream name="one"/></Stop><Pause length="60"/>'
        )
        async with call(stack.sip, shop.number) as phone, FakeBot() as rest:
            first, second, talker = [await server.connection() for server in (one, two, bot)]
            for connection in (first, second, talker):
                await connection.wait_count("start", 1)
            await says(phone, said, first, said)
            await talker.play(sung * 9)
            await hears(second, "outbound", sung)
            await talker.close()
            await first.wait_closed()
            assert first.messages[-1]["event"] == "stop"

            call_sid = await shop.call_sid()
            streams = client.calls(call_sid).streams
            made = await asyncio.to_thread(streams.create, url=rest.url, name="by rest")
            assert (made.status, made.name) == ("in-progress", "by rest")
            third = await rest.connection()
            await third.wait_count("start", 1)
            assert third.stream_sid == made.sid
            await says(phone, said, third, said)
            stopped = await asyncio.to_thread(streams("by rest").update, status="stopped")
            assert stopped.status == "stopped"
            await third.wait_closed()
            assert third.messages[-1]["event"] == "stop"
            assert not second.ended.is_set()
            await phone.sipp.hang_up()
            await second.wait_closed()
            assert second.messages[-1]["event"] == "stop"
        await shop.ended(call_sid)
        assert await shop.problems(call_sid) == []
    assert {m["media"]["track"] for m in second.of("media")} == {"outbound"}
