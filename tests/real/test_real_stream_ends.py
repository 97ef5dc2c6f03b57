"""How a stream ends, what the bot, the callbacks and the action are told, and what runs next."""

from __future__ import annotations

import pytest

from ari_app.node import rest
from ari_app.testing import audio
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp
from ari_app.testing.stack import RealStack

NEXT = audio.random_codes(0.3, seed=9)
#: Frames of 20 ms within which the bot is told that the caller has left.
SOON = 100


@pytest.mark.parametrize(
    ("close", "code", "error"),
    [(1000, None, ""), (1001, None, ""), (4001, 31921, "4001"), (1011, 31921, "1011"),
     (1006, 31903, "dropped")],
)  # fmt: skip
async def test_fact_10_action_is_asked_when_the_bot_closes(
    stack: RealStack, close: int, code: int | None, error: str
) -> None:
    """Whatever the bot closes with, the call goes on at the action, which is told why."""
    async with customer(stack) as shop, FakeBot() as server:
        sound = shop.files.audio("/next.wav", audio.wav(NEXT, "ulaw"))
        shop.says(
            f'<Connect action="after"><Stream url="{server.url}" name="desk 4"'
            f' statusCallback="{shop.web.url("/stream")}"/></Connect><Reject/>'
        )
        shop.web.twiml("/after", f"<Play>{sound}</Play>")
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("media", 3)
            if close == 1006:
                bot.drop()
            else:
                await bot.close(close)
            await phone.probe.wait_for(NEXT)
            await phone.hung_up()
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)
        problems = await shop.problems(call_sid)
        events = await shop.stream_events(2)

    (after,) = shop.web.received("/after")
    assert after.signed
    assert after.params["CallStatus"] == "in-progress"
    assert after.params["StreamSid"] == bot.stream_sid
    assert after.params["StreamName"] == "desk 4"
    assert after.params.get("ErrorCode") == (str(code) if code else None)
    assert error in after.params.get("ErrorMessage", "")
    assert [e["StreamEvent"] for e in events] == [
        "stream-started",
        "stream-error" if code else "stream-stopped",
    ]
    for event in events:
        assert (event["AccountSid"], event["CallSid"]) == (stack.sid, call_sid)
        assert (event["StreamSid"], event["StreamName"]) == (bot.stream_sid, "desk 4")
        assert event["Timestamp"].endswith("Z")
        assert "CallStatus" not in event
    assert all(r.signed for r in shop.web.requests)
    assert [number for number, _ in problems] == ([code] if code else [])
    assert bool(code) == bool(code and shop.log_lines(call_sid, code))
    assert not bot.of("stop")


async def test_fact_10_stop_is_the_last_message_when_the_caller_hangs_up(stack: RealStack) -> None:
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(
            f'<Connect action="after"><Stream url="{server.url}"'
            f' statusCallback="{shop.web.url("/stream")}" statusCallbackMethod="GET"/></Connect>'
        )
        shop.web.callback("/after")
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("media", 3)
            await bot.play(audio.random_codes(5, seed=1))
            await bot.mark("never heard")
            before = len(bot.of("media"))
            await phone.sipp.hang_up()
            await bot.wait_closed()
        call_sid = await shop.call_sid()
        last = await shop.ended(call_sid)
        events = await shop.stream_events(2)
        after = await shop.web.wait_for("/after")
    assert bot.messages[-1]["event"] == "stop"
    assert len(bot.of("media")) - before < SOON
    assert bot.messages[-1]["stop"] == {"accountSid": stack.sid, "callSid": call_sid}
    assert bot.close_code == 1000
    assert not bot.of("mark")  # what is discarded was neither heard nor cleared
    assert [e["StreamEvent"] for e in events] == ["stream-started", "stream-stopped"]
    assert {r.method for r in shop.web.received("/stream")} == {"GET"}
    assert after.params["CallStatus"] == "completed"
    assert last.params["CallStatus"] == "completed"


async def test_b_10_start_never_before_the_call_is_answered_inbound(stack: RealStack) -> None:
    seen: list[str] = []
    async with customer(stack) as shop:

        async def look(bot: BotConnection) -> None:
            await bot.wait_count("start", 1)
            seen.append(await shop.status(bot.messages[1]["start"]["callSid"]))
            await bot.close()

        async with FakeBot(look) as server:
            shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
            async with call(stack.sip, shop.number, answered=False) as phone:
                await phone.hung_up()
            await shop.ended(await shop.call_sid())
    assert seen == ["in-progress"]


async def test_b_10_start_never_before_the_call_is_answered_outbound(stack: RealStack) -> None:
    """While the callee rings there is no stream; `answered` is told before `stream-started`."""
    async with customer(stack) as shop, FakeBot() as server, await RtpProbe.open() as probe:
        shop.says(
            f'<Connect><Stream url="{server.url}" statusCallback="{shop.web.url("/status")}"/>'
            "</Connect>"
        )
        async with await Sipp.start(
            "uas_ring_then_answer", probe=(probe.host, probe.port), duration_ms=500
        ) as callee:
            made = await rest.request(
                stack.settings,
                "POST",
                "Calls",
                {
                    "From": shop.number,
                    "To": f"sip:bob@127.0.0.1:{callee.port}",
                    "Url": shop.web.url("/voice"),
                    "StatusCallback": shop.web.url("/status"),
                    "StatusCallbackEvent": "ringing answered completed",
                },
            )
            await callee.wait_for(lambda m: m.status == 180)
            assert not server.connections
            assert not any(m.status == 200 for m in callee.messages)
            bot = await server.connection()
            await bot.wait_count("media", 3)
            assert await shop.status(made["sid"]) == "in-progress"
            await bot.close()
            (await callee.result()).check()
        await shop.web.wait_until(lambda r: r.params.get("CallStatus") == "completed")
    told = [
        r.params.get("StreamEvent") or r.params["CallStatus"] for r in shop.web.received("/status")
    ]
    order = ["ringing", "in-progress", "stream-started", "stream-stopped", "completed"]
    assert told == order
