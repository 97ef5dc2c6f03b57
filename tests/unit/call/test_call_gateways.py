"""Who may call a node that has gateways in front, and what the gateway tells of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from ari_app.call.gateways import TRUSTED, Caller, Network, real_caller
from ari_app.testing.call_services import NUMBER, VOICE, CallRoom

GATEWAYS = (ip_network("10.0.0.0/24"),)


class Channel:
    """Knows one header."""

    def __init__(self, source: str) -> None:
        self.source = source

    async def variable(self, name: str) -> str:
        assert name == "PJSIP_HEADER(read,X-Src-Ip)"
        return self.source


@pytest.mark.parametrize(
    ("gateways", "peer", "header", "source"),
    [
        ((), "192.0.2.7", "198.51.100.1", "192.0.2.7"),
        (GATEWAYS, "10.0.0.5", "198.51.100.1", "198.51.100.1"),
        (GATEWAYS, "10.0.0.5", "2001:db8::1", "2001:db8::1"),
        (GATEWAYS, "10.0.0.5", "[2001:db8::1]", "2001:db8::1"),
        (GATEWAYS, "10.0.0.5", "nonsense", "10.0.0.5"),
        (GATEWAYS, "10.0.0.5", None, "10.0.0.5"),
        (GATEWAYS, "192.0.2.7", "10.0.0.5", None),
        (GATEWAYS, "", None, None),
    ],
)
async def test_only_a_gateway_is_believed(
    gateways: Sequence[Network], peer: str, header: str | None, source: str | None
) -> None:
    headers = ["X-Other"] if header is None else ["X-Other", "X-Src-Ip"]
    caller = await real_caller(gateways, peer, headers, Channel(header or ""))
    assert caller == (Caller(source) if source is not None else None)


CLIENT = "X-Somleng-Client-Identifier"


@pytest.mark.parametrize(
    ("gateways", "peer", "name", "from_"),
    [
        (GATEWAYS, "10.0.0.5:5060", "alice", "client:alice"),
        (GATEWAYS, "10.0.0.5:5060", 'ali"ce,<x>', "+15550001"),  # no client can be called so
        (GATEWAYS, "10.0.0.5:5060", "", "+15550001"),
        ((), "192.0.2.7:5060", "alice", "+15550001"),  # a stranger may write what he wants
    ],
)
async def test_a_registered_client_is_the_caller(
    gateways: tuple[Network, ...], peer: str, name: str, from_: str
) -> None:
    """Twilio: From and Caller of a client's call are `client:` and its name."""
    async with CallRoom(gateways) as room:
        await room.connect()
        room.customer.documents[VOICE.url] = "<Hangup/>"
        await room.asterisk.incoming_call(
            NUMBER.phone_number, caller="+15550001", peer=peer, headers={CLIENT: name}
        )
        record = await room.ended()
    told = room.customer.asked[0][1]
    assert (told["From"], told["Caller"], record.from_) == (from_, from_, from_)
    assert not any(header.startswith("SipHeader_") for header in told)


def test_headers_of_gateways_are_told_from_customers() -> None:
    ours = ("X-Src-Ip", "x-somleng-callsid", "X-Ariswitch-Node")
    assert all(TRUSTED.fullmatch(name) for name in ours)
    assert not any(TRUSTED.fullmatch(name) for name in ("X-Src-Ipx", "X-Somleng", "X-Tenant"))


async def test_webhooks_do_not_tell_of_a_gateways_headers(room: CallRoom) -> None:
    room.customer.documents[VOICE.url] = "<Hangup/>"
    headers = {"X-Src-Ip": "198.51.100.1", "X-Somleng-Caller-Identity": "1", "X-Tenant": "7"}
    await room.asterisk.incoming_call(NUMBER.phone_number, peer="192.0.2.7:5060", headers=headers)
    await room.ended()
    told = room.customer.asked[0][1]
    assert {k: v for k, v in told.items() if k.startswith("SipHeader_")} == {
        "SipHeader_X-Tenant": "7"
    }
    # No gateway is set here, so nobody is believed.
    assert told["SipSourceIp"] == "192.0.2.7"
