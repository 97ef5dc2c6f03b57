"""Browsers at the real client gateway: SIP over WebSocket (RFC 7118), SRTP, ICE; and TLS."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ari_app.node import ports
from ari_app.testing import audio
from ari_app.testing.browser_media import browser_media
from ari_app.testing.certificates import Certificate, certificate
from ari_app.testing.client_gateway import (
    PASSWORD,
    REALM,
    ClientGateway,
    client_gateway,
    needs_opensips,
)
from ari_app.testing.client_phone import registered
from ari_app.testing.phone import telephone
from ari_app.testing.sip_phone import SipPhone, offer
from ari_app.testing.sip_tls import tls_phone
from ari_app.testing.sip_ws import web_phone
from ari_app.testing.sipp import Sipp
from ari_app.testing.stack import free_sip_port
from ari_app.testing.web_sdp import ANSWER, BROWSER, is_a_browsers, is_plain

pytestmark = [needs_opensips, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class World:
    """A gateway, its only node's port, and its certificate."""

    gateway: ClientGateway
    node: int
    certificate: Certificate

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.gateway.settings.ws_port}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    node, folder = free_sip_port(), tmp_path_factory.mktemp("client")
    made = certificate(folder)
    secure = {name: ports.free_port("127.0.0.1") for name in ("wss_port", "tls_port")}
    tls = {**secure, **made.settings}
    accounts = ("alice", "bob", "carol")
    with client_gateway(folder, [node], accounts, ping_interval=3600, **tls) as running:
        yield World(running, node, made)


async def on_the_web(phone: SipPhone) -> SipPhone:
    """Register, which must succeed."""
    assert (await phone.register()).start_line == "SIP/2.0 200 OK"
    return phone


async def test_a_browser_calls_a_node(world: World) -> None:
    async with (
        telephone(port=world.node) as node,
        web_phone(world.ws, REALM, "alice", PASSWORD) as browser,
    ):
        await on_the_web(browser)
        answer, dialog = await browser.invite("1111", BROWSER)
        assert answer.status == 200
        assert is_a_browsers(answer.body)
        await node.sipp.established()
        await browser.send_in(dialog, "BYE")
        assert (await browser.final()).status == 200
        (await node.sipp.result()).check()
    invite = next(m for m in node.sipp.messages if m.method == "INVITE")
    assert is_plain(invite.body)
    assert invite.header("X-Somleng-Client-Identifier") == "alice"


async def test_a_node_calls_a_browser(world: World) -> None:
    async with web_phone(world.ws, REALM, "bob", PASSWORD) as browser:
        await on_the_web(browser)
        async with await Sipp.start(
            "uac_call_bye",
            world.gateway.inside,
            number="bob",
            duration_ms=200,
            port=world.node,
            timeout=60,
        ) as node:
            invite = await browser.request("INVITE")
            assert is_a_browsers(invite.body)
            await browser.answer(invite, ANSWER)
            await browser.answer(await browser.request("BYE"))
            (await node.result()).check()
    ok = next(m for m in node.messages if m.status == 200 and m.method == "INVITE")
    assert is_plain(ok.body)


async def test_all_phones_of_an_account_ring_each_in_its_own_way(world: World) -> None:
    """One browser and one telephone: the telephone answers, the browser stops ringing."""
    async with web_phone(world.ws, REALM, "carol", PASSWORD) as browser:
        await on_the_web(browser)
        async with (
            # Late enough for the browser to ring: there is nothing to cancel before.
            registered(world.gateway, "carol", answers_after_ms=1000) as phone,
            await Sipp.start(
                "uac_call_bye",
                world.gateway.inside,
                number="carol",
                duration_ms=200,
                port=world.node,
                timeout=60,
            ) as node,
        ):
            invite = await browser.request("INVITE")
            assert is_a_browsers(invite.body)
            await browser.answer(invite, status="180 Ringing")
            await browser.answer(await browser.request("CANCEL"))
            (await node.result()).check()
            (await phone.sipp.result()).check()
    assert is_plain(next(m for m in phone.sipp.messages if m.method == "INVITE").body)


async def test_a_browser_that_is_gone_is_not_connected_to(world: World) -> None:
    async with web_phone(world.ws, REALM, "bob", PASSWORD) as browser:
        await on_the_web(browser)
    async with await Sipp.start(
        "uac_expect_code",
        world.gateway.inside,
        number="bob",
        keys={"code": 480},
        port=world.node,
        timeout=60,
    ) as node:
        (await node.result()).check()


async def test_encrypted_audio_reaches_the_node_in_plain(world: World, tmp_path: Path) -> None:
    """SRTP keyed by SDES (RFC 4568): ffmpeg encrypts, the relay decrypts, every byte is there."""
    key = base64.b64encode(secrets.token_bytes(30)).decode()
    offer = re.sub(r"a=(candidate|ice-|fingerprint|setup|rtcp-mux|group|mid).*\n", "", BROWSER)
    offer = offer.replace("UDP/TLS/RTP/SAVPF 111 0 8 101", "RTP/SAVP 0 101")
    offer += f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\n"
    speech = audio.random_codes(1.0, seed=95)
    spoken = tmp_path / "speech.raw"
    spoken.write_bytes(speech)
    async with (
        telephone(port=world.node) as node,
        web_phone(world.ws, REALM, "alice", PASSWORD) as browser,
    ):
        await on_the_web(browser)
        answer, dialog = await browser.invite("1111", offer)
        assert "RTP/SAVP " in answer.body
        assert "a=crypto:" in answer.body
        port = re.search(r"m=audio (\d+)", answer.body)
        assert port is not None
        await ffmpeg_speaks(spoken, key, int(port[1]))
        await node.probe.wait_for(speech)
        await browser.send_in(dialog, "BYE")
        (await node.sipp.result()).check()


async def ffmpeg_speaks(spoken: Path, key: str, port: int) -> None:
    """Send a raw mu-law file as SRTP in packets of 20 ms."""
    command = [
        *("ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "mulaw", "-ar", "8000"),
        *("-ac", "1", "-i", str(spoken), "-c:a", "copy", "-f", "rtp"),
        *("-srtp_out_suite", "AES_CM_128_HMAC_SHA1_80", "-srtp_out_params", key),
        f"srtp://127.0.0.1:{port}?pkt_size=172",
    ]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


async def test_a_browser_speaks_and_hears_over_dtls(world: World) -> None:
    """WSS, ICE, DTLS-SRTP: what a real browser does, byte for byte both ways."""
    url = f"wss://127.0.0.1:{world.gateway.settings.wss_port}"
    speech, answer_speech = (audio.random_codes(1.0, seed=seed) for seed in (96, 97))
    async with (
        telephone(port=world.node) as node,
        browser_media(world.certificate) as media,
        web_phone(url, REALM, "alice", PASSWORD, tls=world.certificate.trusting()) as browser,
    ):
        await on_the_web(browser)
        answer, dialog = await browser.invite("1111", media.offer)
        assert is_a_browsers(answer.body)
        assert "a=setup:passive" in answer.body
        await media.connect(answer.body)
        await node.answered()
        await asyncio.gather(media.speak(speech), node.probe.play(answer_speech))
        await asyncio.gather(node.probe.wait_for(speech), media.wait_for(answer_speech))
        await browser.send_in(dialog, "BYE")
        assert (await browser.final()).status == 200
        (await node.sipp.result()).check()


async def test_a_phone_registers_and_calls_over_tls(world: World) -> None:
    address = "127.0.0.1", world.gateway.settings.tls_port or 0
    async with (
        telephone(port=world.node) as node,
        tls_phone(address, REALM, "alice", world.certificate.trusting(), PASSWORD) as phone,
    ):
        assert (await phone.register()).status == 200
        answer, dialog = await phone.invite("1111", offer("127.0.0.1", 9))
        assert answer.status == 200
        await node.sipp.established()
        await phone.send_in(dialog, "BYE")
        assert (await phone.final()).status == 200
        (await node.sipp.result()).check()
    secrets = (f":{world.node}", f":{world.gateway.inside[1]}")
    assert not [m.text for m in phone.seen if any(part in m.text for part in secrets)]


@pytest.fixture
def modern(tmp_path: Path) -> Iterator[ClientGateway]:
    """A gateway that offers SHA-256 beside MD5."""
    with client_gateway(tmp_path, [], ["alice"], algorithms=("MD5", "SHA-256")) as running:
        yield running


async def test_who_knows_sha_256_proves_the_password_with_it(modern: ClientGateway) -> None:
    url = f"ws://127.0.0.1:{modern.settings.ws_port}"
    for password, status in ((PASSWORD, 200), ("wrong", 401)):
        async with web_phone(url, REALM, "alice", password) as browser:
            assert (await browser.register(algorithm="SHA-256")).status == status
