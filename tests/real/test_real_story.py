"""The story of a real call, read from the tap after it is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner

from ari_app.debug.cli import app
from ari_app.debug.ladder import pick, tell
from ari_app.debug.tapped import held, live
from ari_app.testing import audio
from ari_app.testing.bot import FakeBot
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.stack import RealStack

#: The beginning of each row that must be there, in this order.
STORY = [
    ("INVITE", "phone", "asterisk"),
    ("StasisStart", "asterisk", "app"),
    ("ring", "app", "asterisk"),
    ("POST /voice CallStatus=ringing", "app", "web"),
    ("200", "web", "app"),
    ("┌ <Play>", "app", None),
    ("answer", "app", "asterisk"),
    ("200 OK", "asterisk", "phone"),
    ("♪ ", "asterisk", "phone"),
    ("♪ done", "asterisk", "app"),
    ("└ Play", "app", None),
    ("┌ <Connect>", "app", None),
    ("open stream", "app", "media"),
    ("101 WebSocket accepted", "bot", "media"),
    ("connected, start", "media", "bot"),
    ("mark 'heard' played", "media", "bot"),
    ("key 9", "phone", "asterisk"),
    ("dtmf 9", "media", "bot"),
    ("RTP: ", "phone", None),
    ("BYE", "phone", "asterisk"),
    ("stop stream", "app", "media"),
    ("⇄ ", "media", "bot"),
    ("stream stopped", "media", "app"),
    ("└ Connect cancelled", "app", None),
    ("call is completed", "app", None),
    ("POST /status CallStatus=completed", "app", "web"),
    ("204", "web", "app"),
]


async def statistics(socket: Path) -> set[str]:
    """Wait until the statistics of both legs have been told; the SIP channel, the stream."""
    legs: dict[str, str] = {}
    now = False
    async with asyncio.timeout(20):
        async for item in live(socket, statistics=True):
            now = now or item.type == "caught-up"
            if now and item.kind == "rtp" and item.call:
                legs[item.type] = item.channel or item.data["stream_sid"]
                if legs.keys() == {"statistics", "stream"}:
                    break
    return set(legs.values())


async def test_the_story_of_a_call_is_told_afterwards(stack: RealStack, tmp_path: Path) -> None:
    async with customer(stack) as shop, FakeBot() as server:
        sound = audio.wav(audio.random_codes(0.2, seed=1), "ulaw")
        url = shop.files.audio("/hello.wav", sound)
        secret = '<Parameter name="api_token" value="s3cr3t"/>'
        shop.says(
            f'<Play>{url}</Play><Connect><Stream url="{server.url}?k=1">{secret}</Stream></Connect>'
        )
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("media", 5)
            await bot.mark("heard")
            await bot.wait_count("mark", 1)
            await phone.probe.press("9")
            await bot.wait_count("dtmf", 1)
            legs = await statistics(stack.settings.tap_socket)
            await phone.sipp.hang_up()
            await bot.wait_closed()
        sid = await shop.call_sid()
        await shop.ended(sid)

    socket = stack.settings.tap_socket
    assert socket.stat().st_mode & 0o777 == 0o600
    items = await asyncio.to_thread(held, socket)
    story = tell(pick(items, sid))
    rows = [(row.label, row.lane, row.target) for row in story.rows]
    place = 0
    for label, lane, target in STORY:
        found = next(
            (
                n
                for n in range(place, len(rows))
                if rows[n][0].startswith(label) and rows[n][1:] == (lane, target)
            ),
            None,
        )
        assert found is not None, f"no {label!r} after {rows[max(place - 1, 0)]} in {rows}"
        place = found + 1
    assert legs == {dict(story.facts)["channel (phone)"].split()[0], bot.stream_sid}
    told = b"".join(str(item).encode() for item in items).decode()
    for hidden in ("s3cr3t", stack.token, stack.ari_login[1]):
        assert hidden not in told

    html = tmp_path / "call.html"
    done = await asyncio.to_thread(
        CliRunner().invoke, app, ["ladder", shop.number, "--tap", str(socket), "--html", str(html)]
    )
    assert done.exit_code == 0, done.output
    assert sid in html.read_text()
