"""The recogniser process and its client, with an engine that understands loudness."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from ari_app.errors import TwilioError
from ari_app.recognition.client import Recognition, RecognizerClient
from ari_app.recognition.engine import Heard, RecognitionError
from ari_app.recognition.messages import Began, Event, Final, Wanted
from ari_app.recognition.server import RecognizerServer

LOUD, QUIET = b"\x00" * 160, b"\xff" * 160
SECONDS = 10


class LengthEar:
    """Understands how many milliseconds an utterance has."""

    def __init__(self, engine: LengthEngine, wanted: Wanted) -> None:
        self._engine = engine
        self._wanted = wanted
        self._bytes = 0

    async def begin(self) -> None:
        self._bytes = 0

    async def feed(self, pcm: bytes) -> str:
        self._bytes += len(pcm)
        return f"{self._bytes // 16}"

    async def end(self) -> Heard:
        if self._wanted.hints == ("fail",):
            raise RecognitionError(13340, "no")
        return Heard(f"{self._bytes // 16}", 0.5)

    def close(self) -> None:
        self._engine.open_ears -= 1
        if not self._engine.open_ears:
            self._engine.unused.set()


class LengthEngine:
    """Makes such ears."""

    name = "length"

    def __init__(self) -> None:
        self.open_ears = 0
        self.unused = asyncio.Event()

    def open(self, wanted: Wanted) -> LengthEar:
        if wanted.language != "en-US":
            raise RecognitionError(13331, "which language?")
        self.open_ears += 1
        self.unused.clear()
        return LengthEar(self, wanted)


@pytest.fixture
def engine() -> LengthEngine:
    return LengthEngine()


@pytest.fixture
async def client(tmp_path: Path, engine: LengthEngine) -> AsyncIterator[RecognizerClient]:
    socket = tmp_path / "r.sock"
    loud = lambda frame: frame[0] != 0 or frame[1] != 0  # noqa: E731
    server = RecognizerServer(engine, socket, limit=2, voice=lambda: loud)
    await server.start()
    yield RecognizerClient(socket)
    await server.close()


async def feed(url: str, *frames: tuple[str, bytes]) -> None:
    """Send frames as a stream worker does."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_str('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        for track, frame in frames:
            media = {"track": track, "payload": base64.b64encode(frame).decode()}
            await socket.send_str(json.dumps({"event": "media", "media": media}))
        await socket.send_str('{"event":"stop","stop":{}}')


async def events(running: Recognition, count: int) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(SECONDS):
        async for event in running:
            found.append(event)
            if len(found) == count:
                break
    return found


async def gone(engine: LengthEngine) -> None:
    """Wait until every ear was closed: the process learns of a hang-up a little later."""
    async with asyncio.timeout(SECONDS):
        await engine.unused.wait()
    assert engine.open_ears == 0


async def test_utterances_of_a_stream_come_as_events(
    client: RecognizerClient, engine: LengthEngine
) -> None:
    async with client.listen(Wanted(silence=0.2, partials=True)) as running:
        said = [("inbound", LOUD)] * 30 + [("inbound", QUIET)] * 15
        await feed(running.url, *said, *said)
        found: list[Event] = []
        while sum(isinstance(one, Final) for one in found) < 2:
            found += await events(running, 1)
    kinds = [kind for kind, _ in itertools.groupby(type(one).__name__ for one in found)]
    assert kinds == ["Began", "Partial", "Final"] * 2
    finals = [one for one in found if isinstance(one, Final)]
    # 600 ms of speech, what came shortly before it, and the silence that ended it.
    assert all(600 <= int(one.text) <= 1100 for one in finals)
    assert {one.confidence for one in finals} == {0.5}
    await gone(engine)


async def test_tracks_are_heard_apart(client: RecognizerClient) -> None:
    wanted = Wanted(silence=0.2, tracks=("inbound", "outbound"))
    async with client.listen(wanted) as running:
        await feed(
            running.url,
            *[("outbound", LOUD), ("inbound", QUIET)] * 30,
            *[("outbound", QUIET), ("inbound", LOUD)] * 30,
            *[("inbound", QUIET)] * 15,
        )
        found = await events(running, 4)
    told = [(type(one).__name__, getattr(one, "track", "")) for one in found]
    for track in ("inbound", "outbound"):
        assert [kind for kind, of in told if of == track] == ["Began", "Final"]


async def test_an_utterance_has_a_greatest_length(client: RecognizerClient) -> None:
    async with client.listen(Wanted(silence=5, longest=0.5)) as running:
        await feed(running.url, *[("inbound", LOUD)] * 60)
        found = await events(running, 2)
    assert isinstance(found[1], Final)
    assert int(found[1].text) <= 800


async def test_a_click_is_no_speech(client: RecognizerClient) -> None:
    async with client.listen(Wanted(silence=0.2)) as running:
        click = [("inbound", LOUD)] * 4 + [("inbound", QUIET)] * 30
        await feed(running.url, *click, *click, *[("inbound", LOUD)] * 10)
        (found,) = await events(running, 1)
    assert found == Began("inbound")


async def test_a_recording_is_transcribed_whole(client: RecognizerClient) -> None:
    loud, quiet = b"\x01\x01" * 160, bytes(320)
    pcm = (loud * 30 + quiet * 60) * 2 + loud * 20
    said = await client.transcribe(pcm, Wanted())
    assert len(said.split()) == 3


async def test_an_address_is_good_for_one_stream(client: RecognizerClient) -> None:
    async with client.listen(Wanted()) as running:
        await feed(running.url)
        for gone in (running.url, running.url.rpartition("/")[0] + "/not-there"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await feed(gone)


async def test_what_cannot_be_had_is_told_with_its_code(
    client: RecognizerClient, engine: LengthEngine, tmp_path: Path
) -> None:
    with pytest.raises(TwilioError) as caught:
        async with client.listen(Wanted(language="xx")):
            pass
    assert caught.value.code == 13331
    async with client.listen(Wanted()), client.listen(Wanted()):
        with pytest.raises(TwilioError) as caught:
            async with client.listen(Wanted()):
                pass
    assert caught.value.code == 13340
    with pytest.raises(TwilioError) as caught:
        async with RecognizerClient(tmp_path / "none.sock").listen(Wanted()):
            pass
    assert caught.value.code == 13340
    async with client.listen(Wanted(silence=0.2, hints=("fail",))) as running:
        await feed(running.url, *[("inbound", LOUD)] * 20, *[("inbound", QUIET)] * 15)
        with pytest.raises(TwilioError) as caught:
            await events(running, 5)
    assert caught.value.code == 13340
    await gone(engine)


async def test_nonsense_ends_the_feed_and_not_the_process(client: RecognizerClient) -> None:
    async with (
        client.listen(Wanted()) as running,
        aiohttp.ClientSession() as session,
        session.ws_connect(running.url) as socket,
    ):
        await socket.send_str("{")
        async with asyncio.timeout(SECONDS):
            message = await socket.receive()
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    async with client.listen(Wanted()):
        pass
