"""Phones, the real client gateway and a whole node behind it: audio both ways, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from ari_app.testing import audio
from ari_app.testing.client_gateway import (
    PASSWORD,
    REALM,
    ClientGateway,
    client_gateway,
    needs_opensips,
)
from ari_app.testing.client_phone import NATED, call, register, registered
from ari_app.testing.developer import Developer, developer_on
from ari_app.testing.phone import Phone
from ari_app.testing.rtpengine import MEDIA_PORTS
from ari_app.testing.sip_ws import web_phone
from ari_app.testing.stack import RealStack, free_sip_port, real_stack
from ari_app.testing.web_sdp import BROWSER, is_a_browsers

pytestmark = [needs_opensips, pytest.mark.timeout(300)]
ACCOUNTS = ("alice", "bob", "carol", "trunk")
ALICE = audio.random_codes(1.0, seed=90)
BOB = audio.random_codes(1.0, seed=91)


@dataclass(frozen=True)
class World:
    """A gateway and the node behind it."""

    gateway: ClientGateway
    stack: RealStack


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    node, inside = free_sip_port(), free_sip_port()
    folder = tmp_path_factory.mktemp("client")
    settings = {
        "sip_port": node,
        "client_sip_uri": f"sip:{{client}}@127.0.0.1:{inside}",
        "sip_gateways": "127.0.0.1/32",
    }
    with (
        client_gateway(folder, [node], ACCOUNTS, inside_port=inside, ping_interval=3600) as one,
        real_stack(tmp_path_factory.mktemp("node"), **settings) as stack,
    ):
        yield World(one, stack)
        errors = stack.asterisk_errors()
    assert not errors, "\n".join(errors)


@pytest.fixture(scope="module")
def pinging(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientGateway]:
    """A second gateway of the same node; it asks as often as may be who still lives."""
    folder = tmp_path_factory.mktemp("pinging")
    node = world.stack.settings.sip_port
    with client_gateway(folder, [node], ACCOUNTS, ping_interval=6) as running:
        yield running


@pytest.fixture
async def dev(world: World) -> AsyncIterator[Developer]:
    async with developer_on(world.stack) as playing:
        yield playing


async def through(one: Phone, other: Phone) -> None:
    """Speak again and again until ``other`` hears ``one``."""
    async with asyncio.timeout(60):
        mark = audio.random_codes(0.1, seed=92)
        while not other.probe.heard(mark):
            await one.probe.play(mark)


async def test_a_phone_hears_its_own_voice_through_gateway_and_node(
    world: World, dev: Developer
) -> None:
    number = await dev.serving("<Echo/>")
    async with call(world.gateway, "alice", number, scenario="call") as phone:
        await phone.answered()
        await dev.logged("verb.start", "Echo", await dev.call_sid())
        await through(phone, phone)
        await phone.probe.play(ALICE)
        await phone.probe.wait_for(ALICE)
        await phone.sipp.hang_up()
    ended = await dev.over(await dev.call_sid())
    assert (ended.status, ended._from) == ("completed", "client:alice")
    asked = (await dev.app.wait_for("/voice")).params
    assert (asked["From"], asked["Caller"], asked["SipSourceIp"]) == (
        *("client:alice", "client:alice"),
        "127.0.0.1",
    )
    media = (await phone.sipp.answered()).media
    assert media is not None
    assert media[1] in MEDIA_PORTS  # the relay's, not the node's


async def test_a_dialled_client_rings_and_both_hear_each_other(
    world: World, dev: Developer
) -> None:
    dev.app.twiml("/after", "<Hangup/>")
    number = await dev.serving(
        '<Dial action="/after"><Client>bob<Parameter name="Order" value="12"/></Client></Dial>'
    )
    async with (
        registered(world.gateway, "bob") as bob,
        call(world.gateway, "alice", number, scenario="call") as alice,
    ):
        await alice.answered()
        await bob.answered()
        await through(alice, bob)
        await asyncio.gather(alice.probe.play(ALICE), bob.probe.play(BOB))
        await asyncio.gather(alice.probe.wait_for(BOB), bob.probe.wait_for(ALICE))
        await bob.sipp.hang_up()
        (await alice.sipp.result()).check()
    invite = next(m for m in bob.sipp.messages if m.method == "INVITE")
    assert invite.header("X-Order") == "12"
    told = (await dev.app.wait_for("/after")).params
    assert (told["DialCallStatus"], told["DialBridged"]) == ("completed", "true")


async def test_rest_calls_a_registered_phone(world: World, dev: Developer) -> None:
    """Twilio: `To=client:bob`."""
    async with registered(world.gateway, "bob") as bob:
        placed = await dev.rest(
            dev.client.calls.create,
            to="client:bob",
            from_="+15550100",
            twiml="<Response><Echo/></Response>",
        )
        await bob.answered()
        await dev.logged("verb.start", "Echo", placed.sid)
        await through(bob, bob)
        await bob.sipp.hang_up()
    ended = await dev.over(placed.sid)
    assert (ended.status, ended.to) == ("completed", "client:bob")


async def test_a_browser_holds_and_goes_on(world: World, dev: Developer) -> None:
    """Re-INVITEs keep each side's kind of media."""
    number = await dev.serving("<Echo/>")
    url = f"ws://127.0.0.1:{world.gateway.settings.ws_port}"
    async with web_phone(url, REALM, "alice", PASSWORD) as browser:
        answer, dialog = await browser.invite(number, BROWSER)
        assert answer.status == 200
        for direction, answered in (("sendonly", "recvonly"), ("sendrecv", "sendrecv")):
            offer = BROWSER.replace("a=sendrecv", f"a={direction}")
            await browser.send_in(dialog, "INVITE", offer)
            ok = await browser.final()
            assert ok.status == 200
            assert is_a_browsers(ok.body)
            assert f"a={answered}" in ok.body
            await browser.send_in(dialog, "ACK")
        await browser.send_in(dialog, "BYE")
        assert (await browser.final()).status == 200
    assert (await dev.over(await dev.call_sid())).status == "completed"


async def test_a_trunk_that_registers_sees_which_number_is_called(
    world: World, dev: Developer
) -> None:
    inside = world.gateway.settings.inside
    number = await dev.serving(f"<Dial><Sip>sip:+15550123@{inside};client=trunk</Sip></Dial>")
    async with (
        registered(world.gateway, "trunk") as trunk,
        call(world.gateway, "alice", number, scenario="call") as alice,
    ):
        await trunk.answered()
        await trunk.sipp.established()
        await trunk.sipp.hang_up()
        (await alice.sipp.result()).check()
    invite = next(m for m in trunk.sipp.messages if m.method == "INVITE")
    assert invite.start_line.startswith(f"INVITE sip:+15550123@127.0.0.1:{trunk.sipp.port}")


async def test_a_phone_behind_nat_that_answers_no_ping_is_forgotten(
    pinging: ClientGateway,
) -> None:
    (await register(pinging, "carol", contact=f"sip:carol@{NATED}:5060")).check()
    assert len(await pinging.contacts("carol")) == 1
    await pinging.unregistered("carol")


async def test_a_client_that_is_not_registered_does_not_answer(
    world: World, dev: Developer
) -> None:
    dev.app.twiml("/after", "<Hangup/>")
    await world.gateway.mi("ul_rm", table_name="location", aor="bob")
    number = await dev.serving('<Dial action="/after"><Client>bob</Client></Dial>')
    async with call(world.gateway, "alice", number, scenario="call") as alice:
        (await alice.sipp.result()).check()
    told = (await dev.app.wait_for("/after")).params
    assert told["DialCallStatus"] == "no-answer"


async def test_a_phone_that_vanishes_in_a_call_is_noticed(
    pinging: ClientGateway, dev: Developer
) -> None:
    number = await dev.serving("<Echo/>")
    async with call(pinging, "alice", number, scenario="call") as phone:
        await phone.answered()
        sid = await dev.call_sid()
    # The next ping of a phone, its patience, and as much again for a busy machine.
    assert (await dev.over(sid, within=100)).status == "completed"


async def test_a_living_node_stays_in_the_table(pinging: ClientGateway) -> None:
    """Asterisk answers the gateway's OPTIONS in a way that says it lives."""
    async with asyncio.timeout(60):  # a busy one may have missed a ping
        while True:
            listed = await pinging.mi("lb_list")
            if [one["enabled"] for one in listed["Destinations"]] == ["yes"]:
                break
            await asyncio.sleep(0.5)
