"""The client of OpenSIPS's management interface, against a server that answers as it does."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.gateway.errors import MiError
from ari_app.gateway.mi import Destination, Mi
from ari_app.testing.opensips_mi import opensips

LIST = {
    "Destinations": [
        {
            "uri": "sip:10.0.0.2:5060",
            "id": 3,
            "group": 1,
            "enabled": "no",
            "auto-reenable": "off",
            "Resources": [{"name": "calls", "max": 250, "load": 4294967262}],
        }
    ]
}


async def test_the_list_of_nodes_is_typed() -> None:
    async with opensips({"jsonrpc": "2.0", "result": LIST, "id": 1}) as (mi, asked):
        (found,) = await mi.lb_list()
    assert found == Destination(3, "sip:10.0.0.2:5060", 1, False, True, 250, 4294967262)
    assert asked == [{"jsonrpc": "2.0", "method": "lb_list", "id": 1}]


async def test_commands_name_their_parameters() -> None:
    async with opensips({"jsonrpc": "2.0", "result": "OK", "id": 1}) as (mi, asked):
        await mi.lb_status(3, enabled=False)
        await mi.lb_resize(3, "calls", 20)
        assert await mi.call("dlg_list", counter=1) == "OK"
    assert [(one["method"], one["params"]) for one in asked] == [
        ("lb_status", {"destination_id": 3, "new_status": 0}),
        ("lb_resize", {"destination_id": 3, "res_name": "calls", "new_capacity": 20}),
        ("dlg_list", {"counter": 1}),
    ]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ({"jsonrpc": "2.0", "error": {"code": 404, "message": "Not found"}, "id": 1}, "Not found"),
        ({"jsonrpc": "2.0", "result": {"Destinations": [{"id": "x"}]}, "id": 1}, "lb_list"),
        ("<html>", "no JSON-RPC reply"),
    ],
)
async def test_a_refusal_is_an_error_with_its_reason(reply: dict[str, Any], why: str) -> None:
    async with opensips(reply) as (mi, _):
        with pytest.raises(MiError, match=why):
            await mi.lb_list()


async def test_nobody_there_is_an_error() -> None:
    async with Mi.connect("http://127.0.0.1:1/mi") as mi:
        with pytest.raises(MiError, match="does not answer"):
            await mi.uptime()
