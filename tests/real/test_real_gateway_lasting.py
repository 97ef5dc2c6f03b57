"""What outlives what: calls and a restart of the gateway, callers and a dead node; TCP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

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


async def test_options_over_tcp(tmp_path: Path) -> None:
    """Calls over TLS are in `test_real_gateway_node`."""
    async with real_gateway(tmp_path) as gateway, asyncio.timeout(60):
        while True:
            # OpenSIPS's management answers a moment before its TCP ports are open.
            try:
                reader, writer = await asyncio.open_connection(*gateway.outside)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
        writer.write(OPTIONS)
        assert await reader.readline() == b"SIP/2.0 200 OK\r\n"
        writer.close()
        await writer.wait_closed()
