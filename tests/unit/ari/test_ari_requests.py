"""Requests as Asterisk sees them, and what their failures become."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.ari import (
    AriClient,
    AriError,
    Conflict,
    NotFound,
    Unavailable,
    Unprocessable,
)
from ari_app.testing.asterisk import FakeAsterisk


async def test_external_media_reports_asterisks_rtp_port_in_the_answer(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    channel = await client.channels.external_media(
        app="ariswitch", external_host="127.0.0.1:4000", format="ulaw", channel_id="m1"
    )
    assert channel.channelvars is not None
    assert int(channel.channelvars["UNICASTRTP_LOCAL_PORT"]) > 0
    (request,) = asterisk.requested("POST", "/channels/externalMedia")
    assert request.query == {
        "app": "ariswitch",
        "external_host": "127.0.0.1:4000",
        "format": "ulaw",
        "channelId": "m1",
    }
    assert request.body is None


async def test_originate_sends_variables_in_the_body(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    await client.channels.originate(
        endpoint="PJSIP/outbound/sip:1@192.0.2.1", app="ariswitch", variables={"A": "ä & b"}
    )
    (request,) = asterisk.requested("POST", "/channels")
    assert request.query["endpoint"] == "PJSIP/outbound/sip:1@192.0.2.1"
    assert request.body == {"variables": {"A": "ä & b"}}


async def test_lists_flags_and_strange_ids_arrive_whole(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    await client.bridges.create(bridge_id="b/1 ?&#%ü", type="mixing")
    first, second = await asterisk.incoming_call("1"), await asterisk.incoming_call("2")
    await client.bridges.add_channel("b/1 ?&#%ü", channel=[first, second], mute=False)
    assert (await client.bridges.get("b/1 ?&#%ü")).channels == [first, second]
    (request,) = asterisk.requested("POST", "/bridges/.*/addChannel")
    assert request.query == {"channel": f"{first},{second}", "mute": "false"}


async def test_hangup_of_a_channel_that_is_gone_is_a_typed_normal_error(client: AriClient) -> None:
    with pytest.raises(NotFound) as caught:
        await client.channels.hangup("gone")
    error = caught.value
    assert (error.method, error.path, error.status) == ("DELETE", "/channels/gone", 404)
    assert str(error) == "DELETE /channels/gone: 404 Channel not found"


async def test_errors_have_types(asterisk: FakeAsterisk, client: AriClient) -> None:
    asterisk.refuse("POST", "/channels/c/answer", 409, "Channel not in Stasis application")
    with pytest.raises(Conflict, match="not in Stasis"):
        await client.channels.answer("c")
    asterisk.auto_start = False
    await client.bridges.create(bridge_id="b")
    await client.channels.external_media(
        app="ariswitch", external_host="192.0.2.1:1", format="ulaw", channel_id="m"
    )
    with pytest.raises(Unprocessable):
        await client.bridges.add_channel("b", channel="m")
    asterisk.refuse("GET", "/asterisk/ping", 503)
    with pytest.raises(Unavailable):
        await client.asterisk.ping()
    asterisk.refuse("GET", "/asterisk/ping", 418, "I am a teapot")
    with pytest.raises(AriError, match="418 I am a teapot"):
        await client.asterisk.ping()


async def test_every_request_has_a_deadline(asterisk: FakeAsterisk) -> None:
    """B-22: a deadlocked Asterisk accepts the connection and answers nothing, for ever."""
    client = asterisk.client(deadline=0.05)
    asterisk.stall("GET", "/channels/c")
    with pytest.raises(Unavailable, match=r"no answer within 0\.05 s"):
        await client.channels.get("c")
    await client.close()


async def test_no_server_is_unavailable(asterisk: FakeAsterisk) -> None:
    url = asterisk.url
    await asterisk.front.close()
    client = AriClient(url, "u", "p", "app")
    with pytest.raises(Unavailable):
        await client.channels.list()
    await client.close()


async def test_connection_cut_before_the_answer_is_unavailable(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    rule = asterisk.stall("POST", "/bridges")
    request = asyncio.create_task(client.bridges.create())
    await rule.hit.wait()
    await asterisk.front.cut_all()
    with pytest.raises(Unavailable):
        await request


async def test_unreadable_answer_is_an_ari_error(client: AriClient) -> None:
    with pytest.raises(AriError, match="unreadable answer"):
        await client.channels._fetch(int, "GET", "/channels")


async def test_password_is_in_the_header_only(asterisk: FakeAsterisk, client: AriClient) -> None:
    """URLs get logged."""
    for request in asterisk.requests:
        assert asterisk.password not in request.path
        assert "api_key" not in request.query


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8088", "ws://h/ari", "http://", "http://u:p@h:1/ari", ""]
)
def test_bad_urls_are_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        AriClient(url, "u", "p", "app")


@pytest.mark.parametrize("path", ["", "/", "/ari", "/ari/"])
async def test_url_with_or_without_ari(asterisk: FakeAsterisk, path: str) -> None:
    client = AriClient(asterisk.url + path, asterisk.username, asterisk.password, "ariswitch")
    assert await client.channels.list() == []
    await client.close()
