"""The ARI client against the real Asterisk."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import TypeVar

import pytest

import ari_app.ari
from ari_app.ari import AriClient, ChannelGone, Event, NotFound, Snapshot, Unauthorized
from ari_app.ari.events import ChannelDestroyed, PlaybackFinished, StasisStart
from ari_app.ari.generate import read, render
from ari_app.testing.stack import RealStack

E = TypeVar("E", bound=Event)


class Heard(asyncio.Queue[Event]):
    """Events of one route; `await heard.until(kind)` skips to the next of a kind."""

    def __call__(self, event: Event) -> None:
        self.put_nowait(event)

    async def until(self, kind: type[E]) -> E:
        while True:
            event = await self.get()
            if isinstance(event, kind):
                return event


def client_of(stack: RealStack, app: str) -> AriClient:
    return AriClient(stack.ari_url, *stack.ari_login, app=app, backoff=(0.01, 0.1))


async def media_channel(client: AriClient, channel_id: str) -> Heard:
    """A channel of our own that needs no caller; in the application when this returns."""
    heard = Heard()
    client.route(channel_id, heard)
    channel = await client.channels.external_media(
        app=client.app, external_host="127.0.0.1:9", format="ulaw", channel_id=channel_id
    )
    assert channel.channelvars is not None
    assert int(channel.channelvars["UNICASTRTP_LOCAL_PORT"]) > 0
    await heard.until(StasisStart)
    return heard


async def test_committed_client_is_what_this_asterisk_serves(asterisk: RealStack) -> None:
    docs = f"{asterisk.ari_url}/ari/api-docs"
    description = await asyncio.to_thread(read, docs, *asterisk.ari_login)
    package = Path(ari_app.ari.__file__).parent
    files = render(description)
    assert [name for name, text in files.items() if (package / name).read_text() != text] == []


async def test_events_reach_the_route_of_their_channel(asterisk: RealStack) -> None:
    """Ids of our own; route first, then the request; PlaybackFinished by its target."""
    client = client_of(asterisk, "ari-route")
    # The events connection may be one that has carried requests before.
    await client.asterisk.ping()
    await client.start()
    assert client.state == "connected"
    name = f"ari-{secrets.token_hex(4)} ü/1"
    heard = await media_channel(client, name)
    playback = f"{name} p"
    await client.channels.play_with_id(name, playback, media="tone:ring")
    await client.playbacks.stop(playback)
    finished = await heard.until(PlaybackFinished)
    assert (finished.playback.id, finished.playback.state) == (playback, "done")
    await client.channels.hangup(name, reason_code="17")
    destroyed = await heard.until(ChannelDestroyed)
    assert (destroyed.cause, destroyed.cause_txt) == (17, "User busy")
    with pytest.raises(NotFound):
        await client.channels.hangup(name)
    await client.close()


async def test_second_client_of_one_name_stops_the_first(asterisk: RealStack) -> None:
    """B-25."""
    first, second = client_of(asterisk, "ari-twice"), client_of(asterisk, "ari-twice")
    await first.start()
    await second.start()
    await first.replaced()
    assert (first.state, second.state) == ("replaced", "connected")
    name = f"ari-{secrets.token_hex(4)}"
    await media_channel(second, name)
    await first.channels.hangup(name)
    await first.close()
    await second.close()


async def test_next_process_finds_what_the_last_one_left(asterisk: RealStack) -> None:
    """B-24: channels outlive their client; those that ended meanwhile are told as gone."""
    first = client_of(asterisk, "ari-next")
    await first.start()
    left = f"ari-{secrets.token_hex(4)}"
    await media_channel(first, left)
    await first.close()

    second = client_of(asterisk, "ari-next")
    found: asyncio.Queue[Snapshot] = asyncio.Queue()
    second.on_reconnect(found.put)
    gone, heard = Heard(), Heard()
    second.route("ari-ended-meanwhile", gone)
    second.route(left, heard)
    await second.start()
    assert left in [channel.id for channel in (await found.get()).channels]
    assert isinstance(gone.get_nowait(), ChannelGone)
    await second.channels.hangup(left)
    await heard.until(ChannelDestroyed)
    await second.close()


async def test_wrong_password_is_told_at_once(asterisk: RealStack) -> None:
    client = AriClient(asterisk.ari_url, asterisk.ari_login[0], "wrong", "ari-wrong")
    with pytest.raises(Unauthorized):
        await client.start()
