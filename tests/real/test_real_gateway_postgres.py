"""The public gateway's tables in a real PostgreSQL, as several gateways share them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.testing.gateway import MISSING, real_gateway
from ari_app.testing.servers import postgres_server
from ari_app.testing.sipp import Sipp, run

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]


async def test_two_gateways_share_carriers_and_nodes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with postgres_server() as server:
        database = server.url("postgres").replace("postgresql://", "postgres://")
        async with (
            real_gateway(folders[0], database=database) as one,
            real_gateway(folders[1], database=database) as two,
            await Sipp.start("uas_answer_bye", duration_ms=10, calls=2, timeout=60) as node,
        ):
            await one.carrier()
            assert not await one.tables.add_carrier((await two.tables.carriers())[0])
            await one.nodes(node.port)
            await two.mi.address_reload()
            await two.mi.lb_reload()
            for gateway in (one, two):
                (await run("uac_call", gateway.outside, number="1", timeout=60)).check()
            (await node.result()).check()
            assert await two.tables.drain_node("node1", drained=True) == 1
            assert [row.drained for row in await one.tables.nodes()] == [True]
