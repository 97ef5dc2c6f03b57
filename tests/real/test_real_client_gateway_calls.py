"""Calls through the real client gateway, SIPp as phone and as node (contract 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from ari_app.testing import audio
from ari_app.testing.client_gateway import REALM, ClientGateway, client_gateway, needs_opensips
from ari_app.testing.client_phone import NATED, call, registered
from ari_app.testing.phone import Phone, telephone
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import SipMessage, Sipp
from ari_app.testing.stack import free_sip_port

pytestmark = [needs_opensips, pytest.mark.timeout(300)]
ACCOUNTS = ("alice", "bob", "carol", "dave", "erin")
SPEECH = audio.random_codes(0.5, seed=80)
ANSWER = audio.random_codes(0.5, seed=81)


@dataclass(frozen=True)
class World:
    """A gateway, and the port that its only node has."""

    gateway: ClientGateway
    node: int

    @property
    def hides(self) -> bool:
        """Whether the topology is hidden."""
        return self.gateway.settings.topology == "hide"

    def unseen(self, phone: Phone) -> None:
        """Assert that no line of what a phone got tells of a node or the inside."""
        secrets = (f":{self.node}", f":{self.gateway.inside[1]}")
        got = [m for m in phone.sipp.messages if m.direction == "received"]
        assert got
        lines = [line for m in got for line in m.text.split("\r\n")]
        assert not [line for line in lines if any(part in line for part in secrets)]


@pytest.fixture(scope="module", params=["hide", "record-route"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A gateway of either kind."""
    node = free_sip_port()
    folder = tmp_path_factory.mktemp("client")
    # SIPp answers no OPTIONS, so nobody is probed.
    settings = {"topology": request.param, "ping_interval": 3600}
    with client_gateway(folder, [node], ACCOUNTS, **settings) as running:
        yield World(running, node)


@asynccontextmanager
async def node_calls(world: World, user: str, *, port: int = 0) -> AsyncIterator[Phone]:
    """The node calls ``user`` and hangs up soon."""
    async with (
        await RtpProbe.open() as probe,
        await Sipp.start(
            "uac_call_bye",
            world.gateway.inside,
            number=user,
            probe=(probe.host, probe.port),
            keys={"from_user": "+15550177"},
            duration_ms=100,
            port=port or world.node,
            timeout=60,
        ) as sipp,
    ):
        yield Phone(sipp, probe)


def received(phone: Phone, method: str) -> SipMessage:
    """The first request of a method that a phone or node got."""
    return next(m for m in phone.sipp.messages if m.direction == "received" and m.method == method)


async def talk(one: Phone, other: Phone) -> None:
    """Have both speak and hear each other byte for byte."""
    await asyncio.gather(one.probe.play(SPEECH), other.probe.play(ANSWER))
    await asyncio.gather(one.probe.wait_for(ANSWER), other.probe.wait_for(SPEECH))


async def test_a_registered_phone_calls_a_node(world: World) -> None:
    """Row register_inbound: credentials, record-route, media relay, what the node is told."""
    async with (
        telephone(port=world.node) as node,
        call(world.gateway, "alice", "1111", scenario="call") as phone,
    ):
        await phone.answered()
        await node.answered()
        assert (await phone.sipp.answered()).media != (node.probe.host, node.probe.port)
        await talk(phone, node)
        await phone.sipp.hang_up()
        (await node.sipp.result()).check()
    invite = received(node, "INVITE")
    assert invite.header("X-Somleng-Client-Identifier") == "alice"  # and not what it claimed
    assert len(invite.headers("X-Somleng-Client-Identifier")) == 1
    assert invite.header("X-Somleng-Caller-Identity") == "+15550188"
    assert invite.header("X-Somleng-Callee-Identity") == "1111"
    assert (invite.header("X-Src-Ip"), invite.header("X-Order")) == ("127.0.0.1", "12")
    for hidden in ("Proxy-Authorization", "P-Asserted-Identity", "Remote-Party-ID"):
        assert not invite.headers(hidden)
    ok = await phone.sipp.answered()
    if world.hides:
        world.unseen(phone)
        assert ok.header("Contact").startswith(f"<sip:127.0.0.1:{world.gateway.sip[1]};")
    else:
        assert f"{world.gateway.sip[1]};r2=on" in ok.header("Record-Route")
        assert f":{world.node}" not in ok.text
        assert ok.header("Contact") == f"<sip:127.0.0.1:{world.gateway.sip[1]}>"
    assert f"m=audio {node.probe.port} " not in ok.text


async def test_a_broken_dialog_finds_its_way(world: World) -> None:
    """Row register_inbound_broken_dialog: ACK and BYE are sent to the gateway's own address."""
    gateway = f"sip:127.0.0.1:{world.gateway.sip[1]}"
    async with (
        telephone(port=world.node) as node,
        call(
            world.gateway,
            "alice",
            "1111",
            target=gateway,
            contact="sip:alice@127.0.0.1:9;ob",
        ) as phone,
    ):
        (await phone.sipp.result()).check()
        (await node.sipp.result()).check()
    assert received(node, "BYE").start_line.startswith(f"BYE sip:127.0.0.1:{world.node}")


async def test_the_nodes_bye_reaches_a_phone_behind_nat(world: World) -> None:
    """Row register_inbound_nated_contact: Contact and SDP name an address that is not there."""
    async with (
        telephone("uas_answer_bye", port=world.node, seconds=0.1) as node,
        call(
            world.gateway,
            "bob",
            "1111",
            scenario="call",
            contact=f"sip:bob@{NATED}:5060",
            sdp_host=NATED,
        ) as phone,
    ):
        (await phone.sipp.result()).check()
        (await node.sipp.result()).check()
    assert f"{phone.sipp.port}" in received(phone, "BYE").start_line
    assert NATED not in received(node, "INVITE").text


async def test_a_phone_may_call_as_itself_alone(world: World) -> None:
    async with call(world.gateway, "alice", "1111", user="bob", scenario="call_refused") as phone:
        result = (await phone.sipp.result()).check()
    assert "SIP/2.0 403 Forbidden auth ID" in [one.start_line for one in result.messages]
    assert "refused: account=alice calls as bob" in world.gateway.log


async def test_whoever_has_no_account_is_asked_for_one(world: World) -> None:
    async with await Sipp.start(
        "uac_expect_code", world.gateway.sip, number="1111", keys={"code": 407}, timeout=60
    ) as stranger:
        (await stranger.result()).check()


async def test_a_node_that_refuses_fails_the_call_cleanly(world: World) -> None:
    async with (
        telephone("uas_reject", port=world.node, code=503) as node,
        call(world.gateway, "alice", "1111", scenario="call_refused", code=500) as phone,
    ):
        result = (await phone.sipp.result()).check()
        (await node.sipp.result()).check()
    assert "SIP/2.0 500 All GW are down" in [one.start_line for one in result.messages]


@pytest.mark.parametrize("behind_nat", [False, True])
async def test_a_node_calls_a_registered_phone(world: World, behind_nat: bool) -> None:
    """Rows outbound_proxy and outbound_uas_behind_nat: ACK and BYE reach where it really is."""
    name = "dave" if behind_nat else "carol"
    async with (
        registered(world.gateway, name, behind_nat=behind_nat) as phone,
        node_calls(world, name) as node,
    ):
        (await node.sipp.result()).check()
        (await phone.sipp.result()).check()
    invite = received(phone, "INVITE")
    if world.hides:
        world.unseen(phone)
    else:
        assert [route.count("r2=on") for route in invite.headers("Record-Route")] == [1, 1]
    assert invite.media is not None
    assert invite.media != (node.probe.host, node.probe.port)
    assert invite.header("From").startswith(f"<sip:+15550177@{REALM}>")
    assert invite.header("Contact").startswith(
        f"<sip:+15550177@127.0.0.1:{world.gateway.sip[1]};"
        if world.hides
        else f"<sip:127.0.0.1:{world.gateway.sip[1]}>"
    )
    for method in ("ACK", "BYE"):
        line = received(phone, method).start_line
        assert line.startswith(f"{method} sip:{name}@127.0.0.1:{phone.sipp.port}")
    assert NATED not in next(m for m in node.sipp.messages if m.status == 200).text


@pytest.mark.parametrize(("user", "code"), [("erin", 480), ("nobody", 404)])
async def test_a_node_learns_why_nobody_rings(world: World, user: str, code: int) -> None:
    async with await Sipp.start(
        "uac_expect_code",
        world.gateway.inside,
        number=user,
        keys={"code": code},
        port=world.node,
        timeout=60,
    ) as node:
        (await node.result()).check()


async def test_who_is_no_node_calls_no_phone(world: World) -> None:
    async with await Sipp.start(
        "uac_expect_code", world.gateway.inside, number="alice", keys={"code": 403}, timeout=60
    ) as stranger:
        (await stranger.result()).check()
