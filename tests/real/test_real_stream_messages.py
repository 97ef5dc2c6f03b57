"""What a bot receives on a real call: messages, types, order, headers, media time."""

from __future__ import annotations

from twilio.request_validator import RequestValidator

from ari_app.testing import audio
from ari_app.testing.bot import FakeBot
from ari_app.testing.capture import Capture
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.stack import RealStack
from stream.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW

QUIET = b"\xff\x7f"
VALUES = {"FirstName": "Jane", "quote": 'a "b" & <c>', "empty": "", "ünï": "çødé"}


async def test_fact_01_fact_02_fact_03_fact_04_fact_15_messages_of_a_stream(
    stack: RealStack,
) -> None:
    """Contract §2.3: field by field, with JSON strings and numbers where Twilio has them."""
    async with customer(stack) as shop, FakeBot() as server:
        parameters = "".join(
            f'<Parameter name="{name}" value="{_escape(value)}"/>' for name, value in VALUES.items()
        )
        shop.says(f'<Connect><Stream url="{server.url}">{parameters}</Stream></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("media", 5)
            await bot.mark(7)
            await bot.mark("m")
            await phone.probe.press("9")
            await bot.wait_count("dtmf", 1)
            await phone.sipp.hang_up()
            await bot.wait_closed()
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)

    sid = bot.stream_sid
    assert bot.messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert bot.messages[1] == {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": stack.sid,
            "streamSid": sid,
            "callSid": call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": VALUES,
        },
        "streamSid": sid,
    }
    assert [m["sequenceNumber"] for m in bot.messages[1:]] == [
        str(n) for n in range(1, len(bot.messages))
    ]
    for number, message in enumerate(bot.of("media"), 1):
        payload = message["media"].pop("payload")
        assert len(payload) == 216
        assert message == {
            "event": "media",
            "sequenceNumber": message["sequenceNumber"],
            "media": {"track": "inbound", "chunk": str(number), "timestamp": str(number * 20 - 20)},
            "streamSid": sid,
        }
    assert [m["mark"] for m in bot.of("mark")] == [{"name": 7}, {"name": "m"}]
    assert [m["dtmf"] for m in bot.of("dtmf")] == [{"track": "inbound_track", "digit": "9"}]
    assert bot.messages[-1] == {
        "event": "stop",
        "sequenceNumber": str(len(bot.messages) - 1),
        "streamSid": sid,
        "stop": {"accountSid": stack.sid, "callSid": call_sid},
    }
    assert bot.close_code == 1000


async def test_fact_14_fact_16_b_12_b_13_upgrade_request(stack: RealStack) -> None:
    """Signed over the URL that the bot sees: the one of the TwiML, its query left behind."""
    async with customer(stack) as shop, FakeBot() as server:
        url = f"{server.url}/a%20b"
        shop.says(f'<Connect><Stream url="{url}?token=secret"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    request = await server.request()
    assert request.path == "/stream/a%20b"
    headers = request.headers
    assert headers["User-Agent"] == "Twilio.TmeWs/1.0"
    assert headers["Host"] == url.split("/")[2]
    assert headers["Sec-WebSocket-Version"] == "13"
    for absent in ("Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Origin", "Cookie"):
        assert absent not in headers
    signature = headers["X-Twilio-Signature"]
    assert RequestValidator(stack.token).validate(url, {}, signature)
    assert not RequestValidator("other").validate(url, {}, signature)
    assert bot.messages[1]["start"]["customParameters"] == {}


async def test_fact_05_b_06_media_time_goes_on_while_the_caller_sends_nothing(
    stack: RealStack,
) -> None:
    """20 ms a message without a jump; a pause is silence as long as itself, counted once."""
    first, second = (audio.random_codes(0.4, seed) for seed in (1, 2))
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await phone.probe.play(first)
            await bot.wait_audio(first)
            before = len(bot.of("media"))
            await bot.wait_count("media", before + 50)
            pause = len(bot.of("media")) - before
            await phone.probe.play(second)
            await bot.wait_audio(second)
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    stamps = [int(m["media"]["timestamp"]) for m in bot.of("media")]
    assert stamps == list(range(0, 20 * len(stamps), 20))
    heard = bot.audio
    between = heard[heard.index(first) + len(first) : heard.index(second)]
    assert not between.translate(None, QUIET)
    # The caller's packets may be under way for some frames more than the bot has counted.
    assert abs(len(between) // 160 - pause) < 25


async def test_fact_05_fact_08_b_06_twenty_seconds_without_a_jump(stack: RealStack) -> None:
    """Media time, numbers and RTP time go on by one frame each, both sides talking all the time."""
    answer = audio.random_codes(20, seed=6)
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await bot.play(answer)
            await bot.mark("heard")
            await phone.probe.play(audio.random_codes(20, seed=5))
            await bot.wait_count("mark", 1)
            offset = await phone.probe.wait_for(answer)
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    media = [m["media"] for m in bot.of("media")]
    assert len(media) >= 1000
    assert [int(m["timestamp"]) for m in media] == list(range(0, 20 * len(media), 20))
    assert [int(m["chunk"]) for m in media] == list(range(1, len(media) + 1))
    numbers = [int(m["sequenceNumber"]) for m in bot.messages[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    heard = phone.probe.received[offset // 160 :]
    for number, packet in enumerate(heard):
        assert packet.ssrc == heard[0].ssrc
        assert (packet.sequence - heard[0].sequence) % 2**16 == number
        assert (packet.timestamp - heard[0].timestamp) % 2**32 == 160 * number


async def test_b_28_alaw_caller_and_one_ssrc_for_life(stack: RealStack) -> None:
    """Audio both ways from the first moment; the bridge alone translates, by table."""
    said = audio.random_codes(0.5, seed=3, law="alaw")
    answer = bytes(range(256)) * 16
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with call(stack.sip, shop.number, law="alaw") as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            variable = await shop.ari(
                f"channels/{bot.stream_sid}-media/variable?variable=UNICASTRTP_LOCAL_PORT"
            )
            port = int(variable["value"])
            async with await Capture.start([port]) as capture:
                await phone.probe.wait_for_packets(len(phone.probe.received) + 5)
                await phone.probe.play(said)
                await bot.wait_audio(said.translate(ALAW_TO_ULAW))
                await bot.play(answer)
                await bot.mark("heard")
                await bot.wait_count("mark", 1)
                await bot.clear()
                await bot.play(answer[::-1])
                await phone.probe.wait_for(answer.translate(ULAW_TO_ALAW))
                await phone.probe.wait_for(answer[::-1].translate(ULAW_TO_ALAW))
                bridge = await capture.sent_to(port)
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    assert bridge.report.clean  # one SSRC, no number and no timestamp skipped
    assert {(p.payload_type, len(p.payload)) for p in bridge.packets} == {(8, 160)}
    assert bridge.packets[0].payload == b"\xd5" * 160
    assert {p.payload_type for p in phone.probe.received} == {8}


def _escape(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
