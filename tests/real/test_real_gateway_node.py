"""Carrier, gateway, node, bot: the integration test of the switch this one replaces, whole.

Here with the steps that need a gateway (3, 7, 26 and 27 of 28); `test_real_stream_checksums`
holds the order of all others. Checksums of the audio at the bot and at the caller decide.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from ari_app.debug.cli import app as ari_debug
from ari_app.node import rest
from ari_app.testing import audio
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.capture import Capture, md5
from ari_app.testing.certificates import Certificate, certificate
from ari_app.testing.customer import Customer, customer
from ari_app.testing.gateway import MISSING, RealGateway, real_gateway
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sip_message import Message
from ari_app.testing.sip_phone import offer
from ari_app.testing.sip_tls import tls_carrier, tls_phone
from ari_app.testing.sipp import SCENARIOS, Sipp, free_port, run
from ari_app.testing.stack import RealStack, free_sip_port, real_stack
from stream.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.asyncio(loop_scope="module"),
]

SPEECH = audio.random_codes(1.0, seed=70)
TONE = (SCENARIOS / "audio" / "tone.al").read_bytes()


INSIDE, NODE = "127.0.0.2", "127.0.0.3"


@dataclass(frozen=True)
class Site:
    """A gateway and the node behind it, each at an address of its own."""

    gateway: RealGateway
    stack: RealStack
    certificate: Certificate

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody outside may see in signalling: inside addresses and the node's port."""
        return NODE, INSIDE, f":{self.stack.sip[1]}"

    def unseen(self, messages: Iterable[Message]) -> None:
        """Assert that no line of any header tells of what is inside."""
        heads = [message.text.partition("\r\n\r\n")[0] for message in messages]
        assert heads
        lines = [line for head in heads for line in head.split("\r\n")]
        assert not [line for line in lines if any(part in line for part in self.secrets)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Carriers call 127.0.0.1; inside are the gateway's other address and the node's."""
    folder = tmp_path_factory.mktemp("site")
    # Asterisk answers pings within a call: calls longer than several of them go on.
    pings = {"ping_interval": 5, "first_reply": 10}
    made = certificate(folder)
    tls = {"tls_port": free_sip_port(), "authorities": made.authority, **made.settings}
    async with real_gateway(folder, inside_bind=INSIDE, **pings, **tls) as gateway:
        await gateway.carrier()
        host, port = gateway.inside
        settings = {
            "bind": NODE,
            "sip_gateways": f"{INSIDE}/32",
            "sip_proxy": f"{host}:{port}",
            "outbound_sip_uri": f"sip:{{number}}@{host}:{port}",
        }
        with real_stack(tmp_path_factory.mktemp("node"), **settings) as stack:
            await gateway.nodes(stack.sip[1], host=NODE)
            yield Site(gateway, stack, made)
            errors = stack.asterisk_errors()
    assert not errors, "\n".join(errors)


class Mirror:
    """A bot that keeps what it hears until key 1, then plays it back and closes."""

    def __init__(self) -> None:
        self.stored = b""

    async def __call__(self, bot: BotConnection) -> None:
        await bot.wait_count("dtmf", 1)
        key = bot.messages.index(bot.of("dtmf")[0])
        media = [m for m in bot.messages[:key] if m["event"] == "media"]
        self.stored = b"".join(base64.b64decode(m["media"]["payload"]) for m in media)
        await bot.play(self.stored)
        await bot.mark("all played")
        await bot.wait_count("mark", 1)
        await bot.close(1000)


def cut(heard: bytes, needle: bytes, start: int = 0) -> bytes:
    """What was heard where ``needle`` begins; empty when its first frame never came."""
    at = heard.find(needle[:160], start)
    return heard[at : at + len(needle)] if at >= 0 else b""


async def test_checksums_of_a_whole_call_through_the_gateway(site: Site, tmp_path: Path) -> None:
    silence = b"\xd5"
    spoken = tmp_path / "spoken.raw"
    spoken.write_bytes(silence * 4800 + TONE + silence * 800)
    mirror, media_port = Mirror(), free_port()
    async with (
        customer(site.stack) as shop,
        FakeBot(mirror) as server,
        await Capture.start([media_port]) as capture,
    ):
        tone = shop.files.audio("/tone.wav", audio.wav(TONE, "alaw"))
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect><Play>{tone}</Play>')
        async with await Sipp.start(
            "connect_stream",
            site.gateway.outside,
            number=shop.number,
            law="alaw",
            keys={"audio": str(spoken)},
            duration_ms=len(spoken.read_bytes()) // 8,
            media_port=media_port,
        ) as sipp:
            result = (await sipp.result()).check()
        await shop.ended(await shop.call_sid())
        heard = await capture.sent_to(media_port)
    upward = TONE.translate(ALAW_TO_ULAW)
    assert md5(cut(mirror.stored, upward)) == md5(upward)
    echo = mirror.stored.translate(ULAW_TO_ALAW).lstrip(silence)
    assert md5(cut(heard.audio, echo)) == md5(echo)
    after_echo = heard.audio.find(echo) + len(echo)
    assert md5(cut(heard.audio, TONE, after_echo)) == md5(TONE)
    # Audio is the node's own; signalling shows the gateway and nothing behind it.
    ok = next(m for m in result.messages if m.status == 200 and m.method == "INVITE")
    assert ok.media is not None
    assert f"127.0.0.1:{site.gateway.outside[1]}" in ok.header("Contact")
    assert f":{site.stack.sip[1]}" not in ok.header("Contact")
    bye = next(m for m in result.messages if m.method == "BYE")
    assert f":{site.gateway.outside[1]}" in bye.header("Via")
    site.unseen(m for m in result.messages if m.direction == "received")


async def test_the_webhook_tells_the_real_source_and_no_internal_header(site: Site) -> None:
    async with customer(site.stack) as shop:
        shop.says("<Hangup/>")
        keys = {"via_host": "127.0.0.1"}
        await run("gateway/carrier", site.gateway.outside, number=shop.number, keys=keys)
        asked = await shop.web.wait_for("/voice", 1)
        assert asked.params["SipSourceIp"] == "127.0.0.1"
        headers = [name for name in asked.params if name.startswith("SipHeader_")]
        assert headers == ["SipHeader_X-Customer"]
        await shop.ended(await shop.call_sid())


async def test_a_node_takes_no_call_past_its_gateway(site: Site) -> None:
    async with customer(site.stack) as shop:
        keys: dict[str, str | int] = {"code": 403}
        (await run("uac_expect_code", site.stack.sip, number=shop.number, keys=keys)).check()
        assert not shop.web.requests


CALLED = "+15551234567"


async def dial_out(site: Site, shop: Customer) -> None:
    """Have the node call a number for the customer."""
    urls = {"Url": shop.web.url("/voice"), "StatusCallback": shop.web.url("/status")}
    asked = {"To": CALLED, "From": shop.number, **urls}
    await rest.request(site.stack.settings, "POST", "Calls", asked)


async def test_a_call_out_goes_through_the_gateway_to_the_next_carrier_that_works(
    site: Site,
) -> None:
    """outbound: nothing internal leaves, and a carrier that fails is passed over."""
    async with (
        customer(site.stack) as shop,
        tls_carrier(site.certificate.serving()) as broken,
        await Sipp.start("uas_answer", timeout=60) as carrier,
    ):
        await site.gateway.trunks(
            f"sip:127.0.0.1:{broken.port};transport=tls", f"sip:127.0.0.1:{carrier.port}"
        )
        shop.says("<Say>hello</Say>")
        await dial_out(site, shop)
        refusing = await broken.phone()
        await refusing.answer(await refusing.request("INVITE"), status="503 No")
        result = (await carrier.result()).check()
        invite = next(m for m in result.messages if m.method == "INVITE")
    # Nothing of the trunk that failed.
    assert invite.start_line == f"INVITE sip:{CALLED}@127.0.0.1:{carrier.port} SIP/2.0"
    assert f":{site.gateway.outside[1]}" in invite.header("Via")
    assert len(invite.headers("Via")) == 1
    site.unseen(m for m in result.messages if m.direction == "received")
    assert not [line for line in invite.text.split("\r\n") if line.lower().startswith("x-")]


async def test_a_whole_call_over_tls(site: Site) -> None:
    """Over TLS to the gateway, the audio byte for byte to the node and back."""
    address = site.gateway.outside[0], site.gateway.settings.tls_port or 0
    async with (
        customer(site.stack) as shop,
        await RtpProbe.open() as probe,
        tls_phone(address, "127.0.0.1", "+15557000", site.certificate.trusting()) as caller,
    ):
        shop.says("<Echo/>")
        answer, dialog = await caller.invite(shop.number, offer(probe.host, probe.port))
        assert answer.status == 200
        assert answer.media is not None
        # Asterisk's RTP is at all addresses of loopback, and answers from the one asked.
        probe.connect(probe.host, answer.media[1])
        async with asyncio.timeout(60):
            mark = audio.random_codes(0.1, seed=71)
            while not probe.heard(mark):
                await probe.play(mark)
        await probe.play(SPEECH)
        await probe.wait_for(SPEECH)
        await caller.send_in(dialog, "BYE")
        assert (await caller.final()).status == 200
        await shop.ended(await shop.call_sid())
        asked = shop.web.received("/voice")[0]
    assert (asked.params["From"], asked.params["SipSourceIp"]) == ("+15557000", "127.0.0.1")
    site.unseen(caller.seen)


async def test_a_call_out_over_tls(site: Site) -> None:
    """A trunk says ``transport=tls``: the carrier's certificate is looked at, the call goes.

    It goes although the trunk is thought dead, since it answers no OPTIONS: there is no other.
    """
    async with (
        customer(site.stack) as shop,
        await RtpProbe.open() as probe,
        tls_carrier(site.certificate.serving()) as carrier,
    ):
        uri = f"sip:127.0.0.1:{carrier.port};transport=tls"
        await site.gateway.trunks(uri)
        await site.gateway.mi.call("ds_set_state", state="p", group="1", address=uri)
        sound = shop.files.audio("/speech.wav", audio.wav(SPEECH, "ulaw"))
        shop.says(f"<Play>{sound}</Play>")
        await dial_out(site, shop)
        phone = await carrier.phone()
        invite = await phone.request("INVITE")
        await phone.answer(invite, offer(probe.host, probe.port))
        await phone.request("ACK")
        await phone.answer(await phone.request("BYE"))
        await probe.wait_for(SPEECH)
        await shop.ended(await shop.call_sid())
    assert (
        invite.start_line == f"INVITE sip:{CALLED}@127.0.0.1:{carrier.port};transport=tls SIP/2.0"
    )
    assert invite.header("Via").startswith("SIP/2.0/TLS 127.0.0.1:")
    site.unseen(phone.seen)


async def test_the_doctor_compares_the_balancer_s_count_with_the_channels(site: Site) -> None:
    """`lb_list` of the real OpenSIPS, the channels of the real Asterisk."""
    environ = {"ARISWITCH_STATE_DIR": str(site.stack.settings.state_dir)}
    options = ["doctor", "--no-rtp", "--json", "--mi", site.gateway.settings.mi_url]
    done = await asyncio.to_thread(CliRunner().invoke, ari_debug, options, env=environ)
    findings = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    [told] = [one for one in findings if one["what"] == "balancer"]
    assert told["grade"] == "ok", told
    host, port = site.stack.sip
    assert told["detail"].startswith(f"counts 0 calls of 10 at sip:{host}:{port}, Asterisk has ")
