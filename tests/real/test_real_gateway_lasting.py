"""What outlives what: calls and a restart of the gateway, callers and a dead node; TCP and TLS."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from ari_app.testing.gateway import MISSING, real_gateway
from ari_app.testing.sipp import Sipp
from ari_app.testing.stack import free_sip_port

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]

OPTIONS = (
    b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK1\r\n"
    b"From: <sip:a@192.0.2.7>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: tcp\r\nCSeq: 1 OPTIONS\r\n"
    b"Max-Forwards: 70\r\nUser-Agent: test\r\nContent-Length: 0\r\n\r\n"
)


async def test_a_call_outlives_a_restart_of_the_gateway(tmp_path: Path) -> None:
    ports = {name: free_sip_port() for name in ("sip_port", "inside_port", "http_port")}
    async with await Sipp.start("uas_answer", timeout=60) as node:
        async with real_gateway(tmp_path, **ports) as gateway:
            await gateway.carrier()
            await gateway.nodes(node.port)
            call = await Sipp.start("uac_call", gateway.outside, number="1", timeout=60)
            await call.established()
            await node.established()
        try:
            async with real_gateway(tmp_path, **ports) as again:
                (row,) = await again.mi.lb_list()
                assert row.load == 1
                await call.hang_up()
                (await node.result()).check()
                assert (await again.mi.lb_list())[0].load == 0
        finally:
            await call.stop()


async def test_a_node_that_dies_within_a_call_costs_a_bye_not_silence(tmp_path: Path) -> None:
    async with real_gateway(tmp_path, ping_interval=2) as gateway:
        await gateway.carrier()
        async with await Sipp.start("uas_answer", timeout=60) as node:
            await gateway.nodes(node.port)
            async with await Sipp.start(
                "uac_call", gateway.outside, number="1", timeout=60
            ) as call:
                await call.established()
                await node.established()
                await node.stop()
                assert (await call.result()).check().messages[-2].method == "BYE"


async def connect(
    port: int, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect; OpenSIPS's management answers a moment before its TCP ports are open."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port, ssl=context)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


async def test_options_over_tcp_and_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(tmp_path / "cert.pem"), append=True)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    tls_port = free_sip_port()
    async with real_gateway(
        tmp_path,
        tls_port=tls_port,
        certificate=tmp_path / "cert.pem",
        private_key=tmp_path / "key.pem",
    ) as gateway:
        for port, context in ((gateway.outside[1], None), (tls_port, trusting)):
            reader, writer = await connect(port, context)
            writer.write(OPTIONS if context is None else OPTIONS.replace(b"/TCP", b"/TLS"))
            async with asyncio.timeout(30):
                assert await reader.readline() == b"SIP/2.0 200 OK\r\n"
            writer.close()
            await writer.wait_closed()
