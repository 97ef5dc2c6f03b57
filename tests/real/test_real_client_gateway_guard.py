"""What the client gateway lets no phone do, and what a node that fails costs it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ari_app.gateway.keeper_wire import Wire
from ari_app.gateway.mi import Mi
from ari_app.testing.client_gateway import ClientGateway, client_gateway, needs_opensips
from ari_app.testing.client_phone import call
from ari_app.testing.phone import telephone
from ari_app.testing.sipp import Sipp
from ari_app.testing.stack import free_sip_port

pytestmark = [needs_opensips, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class World:
    """A gateway and the ports that its two nodes have; the first is tried first."""

    gateway: ClientGateway
    first: int
    second: int


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    first, second = free_sip_port(), free_sip_port()
    folder = tmp_path_factory.mktemp("client")
    with client_gateway(folder, [first, second], ["alice"], ping_interval=3600) as running:
        yield World(running, first, second)


async def test_a_node_that_answers_5xx_is_passed_over(world: World) -> None:
    async with (
        telephone("uas_reject", port=world.first, code=503) as draining,
        telephone(port=world.second) as alive,
        call(world.gateway, "alice", "1111") as phone,
    ):
        (await phone.sipp.result()).check()
        (await draining.sipp.result()).check()
        (await alive.sipp.result()).check()
    assert f"a node failed a call: node=sip:127.0.0.1:{world.first} code=503" in world.gateway.log


async def test_a_node_that_says_nothing_is_passed_over(world: World) -> None:
    async with (
        await Sipp.start("uas_silent", port=world.first, duration_ms=120_000, timeout=120) as dead,
        telephone(port=world.second) as alive,
        call(world.gateway, "alice", "1111") as phone,
    ):
        (await phone.sipp.result()).check()
        (await alive.sipp.result()).check()
        assert any(m.method == "INVITE" for m in dead.messages)
        # It gets no further call before it answers a probe.
        listed = await world.gateway.mi("lb_list")
    assert [one["enabled"] for one in listed["Destinations"]] == ["no", "yes"]
    (dead_id, _) = (one["id"] for one in listed["Destinations"])
    await world.gateway.mi("lb_status", destination_id=dead_id, new_status=1)
    assert f"a node failed a call: node=sip:127.0.0.1:{world.first} code=408" in world.gateway.log


async def test_a_phone_hears_of_a_node_that_dies_while_it_rings(world: World) -> None:
    """The upkeep finds the call by what the script has put down, and answers in its place."""
    async with (
        await Sipp.start("uas_noanswer", port=world.first, timeout=120) as node,
        telephone(port=world.second) as spare,
        call(world.gateway, "alice", "1111", scenario="call_refused", code=500) as phone,
        Mi.connect(world.gateway.settings.mi_url) as mi,
    ):
        await phone.sipp.wait_for(lambda message: message.status == 180)
        await node.stop()
        (ringing,) = await mi.ringing()
        assert ringing.node == f"sip:127.0.0.1:{world.first}"
        await Wire().time_out(ringing)
        result = (await phone.sipp.result()).check()
        # It had the call: another one would run the customer's document again.
        assert not spare.sipp.messages
    assert "SIP/2.0 500 All GW are down" in [one.start_line for one in result.messages]


async def test_a_route_to_elsewhere_is_refused(world: World) -> None:
    """A phone with a password is no open relay (RFC 3261 section 16.4)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        victim.setblocking(False)
        route = f"Route: <sip:127.0.0.1:{victim.getsockname()[1]};lr>"
        async with call(
            world.gateway, "alice", "1111", scenario="call_refused", code=403, header=route
        ) as phone:
            result = (await phone.sipp.result()).check()
        with pytest.raises(BlockingIOError):
            victim.recv(65535)
    assert "SIP/2.0 403 Preloaded Route" in [one.start_line for one in result.messages]


async def test_an_outbound_proxy_is_no_route_to_elsewhere(world: World) -> None:
    """Many phones put their proxy into a Route of the first INVITE."""
    host, port = world.gateway.sip
    async with (
        telephone(port=world.first) as node,
        call(world.gateway, "alice", "1111", header=f"Route: <sip:{host}:{port};lr>") as phone,
    ):
        (await phone.sipp.result()).check()
        (await node.sipp.result()).check()


async def test_a_flood_is_dropped_and_others_are_served(world: World) -> None:
    """From another address of loopback, so that the test's own calls go on."""
    lines = world.gateway.log.count("flood from")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.bind(("127.0.0.66", 0))
        # The kernel drops much of it where the machine is slow.
        while (dropped := await world.gateway.metric("opensips_calls_dropped_flood")) < 1000:
            for number in range(2000):
                flood.sendto(guess(number), world.gateway.sip)
    async with (
        telephone(port=world.first) as node,
        call(world.gateway, "alice", "1111") as phone,
    ):
        (await phone.sipp.result()).check()
        (await node.sipp.result()).check()
    # A line when it begins, not one for each message.
    assert 1 <= world.gateway.log.count("flood from=127.0.0.66") - lines < dropped / 100


def guess(number: int) -> bytes:
    """A REGISTER of somebody who tries names."""
    return (
        "REGISTER sip:phones.example SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.66:5060;branch=z9hG4bK{number}\r\n"
        f"From: <sip:{number}@phones.example>;tag=1\r\nTo: <sip:{number}@phones.example>\r\n"
        f"Call-ID: flood{number}\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
        "User-Agent: test\r\nContent-Length: 0\r\n\r\n"
    ).encode()
