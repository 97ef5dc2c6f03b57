"""What a gateway tells others by HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from ari_app.gateway.errors import GatewayError
from ari_app.gateway.page import serving
from ari_app.testing.opensips_mi import opensips
from ari_app.testing.sipp import free_port


def listed(*states: str) -> dict[str, Any]:
    """What `lb_list` says of nodes that are enabled ("yes") or not."""
    nodes = [
        {
            "uri": f"sip:10.0.0.{id_}:5060",
            "id": id_,
            "group": 1,
            "enabled": enabled,
            "auto-reenable": "on",
            "Resources": [{"name": "calls", "max": 250, "load": 0}],
        }
        for id_, enabled in enumerate(states, 1)
    ]
    return {"jsonrpc": "2.0", "result": {"Destinations": nodes}, "id": 1}


async def asked(path: str, reply: dict[str, Any]) -> tuple[int, str]:
    address = f"127.0.0.1:{free_port()}"
    async with (
        opensips(reply) as (mi, _),
        serving(address, mi.url),
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}{path}") as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("states", "status"), [([], 503), (["no"], 503), (["no", "yes"], 200), (["yes"], 200)]
)
async def test_it_is_well_while_a_node_takes_calls(states: list[str], status: int) -> None:
    assert (await asked("/health", listed(*states)))[0] == status


async def test_it_is_not_well_when_opensips_refuses() -> None:
    reply = {"jsonrpc": "2.0", "error": {"code": 500, "message": "no"}, "id": 1}
    assert (await asked("/health", reply))[0] == 503


async def test_metrics_are_those_of_opensips() -> None:
    assert await asked("/metrics", listed()) == (200, "opensips_calls_failed_over 3\n")


async def test_management_cannot_be_reached_through_it() -> None:
    assert (await asked("/mi", listed()))[0] == 404


async def test_an_address_of_nobody_is_told() -> None:
    with pytest.raises(GatewayError, match=r"metrics cannot be served at 192\.0\.2\.1:1"):
        async with serving("192.0.2.1:1", "http://127.0.0.1:1/mi"):
            pass
