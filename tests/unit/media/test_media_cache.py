"""Play's files: exact bytes, few questions to the server, errors with Twilio's codes."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import struct
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import soundfile
from aiohttp import web

from ari_app.errors import TwilioError
from ari_app.http.guard import guarded_session
from ari_app.media import MediaCache, Sound
from ari_app.media.download import Limits
from ari_app.testing.media_server import ManualClock, MediaServer
from stream.addresses import UrlPolicy

EVERY_CODE = bytes(range(256)) * 5  # 1280 bytes: 8 frames


def g711_wav(tag: int, payload: bytes) -> bytes:
    fmt = struct.pack("<HHIIHHH", tag, 1, 8000, 8000, 1, 8, 0)
    chunks = b"fmt " + struct.pack("<I", 18) + fmt + b"data" + struct.pack("<I", len(payload))
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) + len(payload)) + b"WAVE" + chunks + payload


def ulaw_of(sound: Sound) -> bytes:
    return Path(sound.path + ".ulaw").read_bytes()


def alaw_of(sound: Sound) -> bytes:
    return Path(sound.path + ".alaw").read_bytes()


def spoil(sound: Sound, damage: bytes | None) -> None:
    path = Path(sound.path + ".ulaw")
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)


async def code_of(cache: MediaCache, url: str) -> int:
    with pytest.raises(TwilioError) as caught:
        await cache.fetch(url)
    return caught.value.code


class TestExactness:
    """G.711 in, the same G.711 out (0x7F stays 0x7F)."""

    async def test_audio_that_came_with_an_answer_is_kept_as_if_fetched(
        self, cache: MediaCache
    ) -> None:
        url = "http://app.test/voice"
        with await cache.keep(g711_wav(7, EVERY_CODE), "audio/x-wav", url) as sound:
            assert ulaw_of(sound) == EVERY_CODE
        with await cache.keep(EVERY_CODE, "audio/ulaw", url) as sound:
            assert ulaw_of(sound) == EVERY_CODE
        with pytest.raises(TwilioError, match="13420"):
            await cache.keep(b"no audio at all", "audio/wav", url)

    async def test_a_ulaw_wav_is_played_byte_for_byte(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        sound = await cache.fetch(media_server.put("/a.wav", g711_wav(7, EVERY_CODE)))
        assert ulaw_of(sound) == EVERY_CODE
        assert len(alaw_of(sound)) == len(EVERY_CODE)
        assert sound.duration == 0.16

    async def test_an_alaw_wav_is_played_byte_for_byte(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        sound = await cache.fetch(media_server.put("/a.wav", g711_wav(6, EVERY_CODE)))
        assert alaw_of(sound) == EVERY_CODE

    async def test_headerless_ulaw_is_played_byte_for_byte(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        for kind in ("audio/basic", "audio/ulaw; charset=utf-8"):
            url = media_server.put(f"/{kind[6]}.ul", EVERY_CODE, kind)
            assert ulaw_of(await cache.fetch(url)) == EVERY_CODE

    async def test_b5_the_last_frame_is_padded_with_silence(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        odd = EVERY_CODE[:161]
        sound = await cache.fetch(media_server.put("/u.wav", g711_wav(7, odd)))
        assert ulaw_of(sound) == odd + b"\xff" * 159
        assert alaw_of(sound)[161:] == b"\xd5" * 159
        assert sound.duration == 0.04


class TestAsking:
    """HTTP caching (Twilio: Play is cached per HTTP headers; RFC 9111)."""

    async def test_within_max_age_the_server_is_not_asked_again(
        self, cache: MediaCache, media_server: MediaServer, clock: ManualClock
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE), Cache_Control="max-age=60")
        assert await cache.fetch(url) == await cache.fetch(url)
        assert len(media_server.asked) == 1
        clock.now += 61
        await cache.fetch(url)
        assert len(media_server.asked) == 2

    async def test_an_etag_is_asked_about_and_the_body_not_sent_again(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE), ETag='"one"')
        first = await cache.fetch(url)
        assert await cache.fetch(url) == first
        assert media_server.sent == [200, 304]
        media_server.put("/a", g711_wav(7, EVERY_CODE[::-1]), ETag='"two"')
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE[::-1]

    async def test_last_modified_is_asked_about(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        date = "Wed, 21 Oct 2015 07:28:00 GMT"
        url = media_server.put("/a", g711_wav(7, EVERY_CODE), Last_Modified=date)
        await cache.fetch(url)
        await cache.fetch(url)
        assert media_server.asked[1].headers["If-Modified-Since"] == date

    async def test_no_store_is_fetched_anew_each_time(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        url = media_server.put(
            "/a", g711_wav(7, EVERY_CODE), ETag='"x"', Cache_Control="no-store, max-age=60"
        )
        await cache.fetch(url)
        await cache.fetch(url)
        assert media_server.sent == [200, 200]

    async def test_b29_concurrent_fetches_of_one_url_are_one(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE))
        sounds = await asyncio.gather(*(cache.fetch(url) for _ in range(50)))
        assert len(media_server.asked) == 1
        assert len(set(sounds)) == 1

    async def test_a_cancelled_call_does_not_spoil_the_fetch_of_another(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        asked, go = asyncio.Event(), asyncio.Event()

        async def slow(_: web.Request) -> web.Response:
            asked.set()
            await go.wait()
            return web.Response(body=g711_wav(7, EVERY_CODE), content_type="audio/wav")

        url = media_server.on("/slow", slow)
        first = asyncio.create_task(cache.fetch(url))
        second = asyncio.create_task(cache.fetch(url))
        await asked.wait()
        first.cancel()
        go.set()
        assert ulaw_of(await second) == EVERY_CODE
        assert len(media_server.asked) == 1

    async def test_the_media_get_carries_no_call_parameters_and_twilios_agent(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        await cache.fetch(media_server.put("/a", g711_wav(7, EVERY_CODE)))
        assert media_server.asked[0].query_string == ""
        assert media_server.asked[0].headers["User-Agent"] == "TwilioProxy/1.1"

    async def test_a_restarted_app_knows_its_sounds(
        self,
        cache: MediaCache,
        media_server: MediaServer,
        session: aiohttp.ClientSession,
        tmp_path: Path,
        clock: ManualClock,
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE), Cache_Control="max-age=60")
        first = await cache.fetch(url)
        again = MediaCache(tmp_path / "media", session, 50_000_000, clock=clock)
        assert await again.fetch(url) == first
        assert len(media_server.asked) == 1

    @pytest.mark.parametrize("damage", [b"", EVERY_CODE[:100], None])
    async def test_a_damaged_or_missing_file_is_fetched_again(
        self, cache: MediaCache, media_server: MediaServer, damage: bytes | None
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE), Cache_Control="max-age=60")
        spoil(await cache.fetch(url), damage)
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE

    async def test_redirects_are_followed_and_asked_about_again(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        targets = ["/one", "/two"]

        async def turn(_: web.Request) -> web.Response:
            raise web.HTTPFound(targets.pop(0))

        media_server.put("/one", g711_wav(7, EVERY_CODE), ETag='"1"', Cache_Control="max-age=9")
        media_server.put("/two", g711_wav(7, EVERY_CODE[::-1]), ETag='"1"')
        url = media_server.on("/turn", turn)
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE
        targets.append("/two")  # asked conditionally, then, as the place is new, plainly
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE[::-1]


class TestFailures:
    """Contract §1.6 (13420) and §1.3 (112xx)."""

    @pytest.mark.parametrize("kind", ["text/html", "application/json", "image/png", "video/mp4"])
    async def test_wrong_content_type(
        self, cache: MediaCache, media_server: MediaServer, kind: str
    ) -> None:
        assert await code_of(cache, media_server.put("/a", g711_wav(7, EVERY_CODE), kind)) == 13420

    async def test_undecodable_and_empty_bodies(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        assert await code_of(cache, media_server.put("/a", b"<html>sorry</html>")) == 13420
        assert await code_of(cache, media_server.put("/b", b"")) == 13420
        assert await code_of(cache, media_server.put("/c", g711_wav(7, b""))) == 13420

    async def test_http_errors(self, cache: MediaCache, media_server: MediaServer) -> None:
        async def broken(request: web.Request) -> web.Response:
            raise web.HTTPInternalServerError

        async def circle(request: web.Request) -> web.Response:
            raise web.HTTPFound("/circle")

        assert await code_of(cache, media_server.base + "/missing") == 11200
        assert await code_of(cache, media_server.on("/broken", broken)) == 11200
        assert await code_of(cache, media_server.on("/circle", circle)) == 11215

    async def test_a_connection_cut_in_the_middle(
        self, cache: MediaCache, media_server: MediaServer, tmp_path: Path
    ) -> None:
        async def cut(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "audio/wav"})
            response.content_length = 5000
            await response.prepare(request)
            await response.write(g711_wav(7, EVERY_CODE))
            assert request.transport
            request.transport.abort()
            return response

        assert await code_of(cache, media_server.on("/cut", cut)) in range(11200, 11300)
        assert not list((tmp_path / "media" / "tmp").iterdir())

    async def test_refused_connection(self, cache: MediaCache, unused_port: int) -> None:
        assert await code_of(cache, f"http://127.0.0.1:{unused_port}/a.wav") == 11202

    @pytest.mark.parametrize(
        "url",
        ["", "/relative.wav", "file:///etc/passwd", "ftp://host/a.wav", "http://", "http://x:y/"],
    )
    async def test_urls_that_are_none(self, cache: MediaCache, url: str) -> None:
        assert await code_of(cache, url) == 11100

    async def test_a_failure_is_not_remembered(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        url = media_server.base + "/later"
        assert await code_of(cache, url) == 11200
        media_server.put("/later", g711_wav(7, EVERY_CODE))
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE

    async def test_an_unwritable_media_folder_is_a_clear_error(
        self, cache: MediaCache, media_server: MediaServer, tmp_path: Path
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE))
        folder = tmp_path / "media" / "tmp"
        folder.rmdir()
        assert await code_of(cache, url) == 12400
        folder.mkdir()
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE

    async def test_a_compressed_bomb_is_cut_off(
        self, cache: MediaCache, media_server: MediaServer, limits: Limits
    ) -> None:
        """The bound counts what comes out of ``Content-Encoding: gzip``."""
        limits.file_bytes = 1_000_000
        bomb = gzip.compress(g711_wav(7, bytes(20_000_000)))
        url = media_server.put("/bomb", bomb, Content_Encoding="gzip")
        assert await code_of(cache, url) == 13420

    async def test_a_body_that_never_ends_is_cut_off(
        self, cache: MediaCache, media_server: MediaServer, limits: Limits
    ) -> None:
        limits.file_bytes = 1_000_000

        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "audio/wav"})
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(bytes(100_000))
            return response

        assert await code_of(cache, media_server.on("/endless", endless)) == 13420

    async def test_all_downloads_together_are_bounded(
        self, cache: MediaCache, media_server: MediaServer, limits: Limits
    ) -> None:
        limits.total_bytes = len(g711_wav(7, EVERY_CODE)) - 1
        url = media_server.put("/a", g711_wav(7, EVERY_CODE))
        assert await code_of(cache, url) == 12400
        limits.total_bytes += 1  # what failed is not counted on
        assert ulaw_of(await cache.fetch(url)) == EVERY_CODE

    async def test_a_server_that_never_answers(
        self, cache: MediaCache, media_server: MediaServer, limits: Limits
    ) -> None:
        never = asyncio.Event()

        async def silent(request: web.Request) -> web.Response:
            await never.wait()
            return web.Response()

        limits.timeout = aiohttp.ClientTimeout(total=5, sock_read=0.2)
        assert await code_of(cache, media_server.on("/silent", silent)) == 11203
        never.set()

    async def test_mp3_goes_through_the_decoder_process(
        self, cache: MediaCache, media_server: MediaServer
    ) -> None:
        mp3 = io.BytesIO()
        tone = np.sin(np.arange(44100) * 2 * np.pi * 440 / 44100) / 2
        soundfile.write(mp3, tone, 44100, format="MP3")
        url = media_server.put("/a.mp3", mp3.getvalue(), "audio/mpeg")
        assert 1.0 <= (await cache.fetch(url)).duration < 1.2

    async def test_a_private_address_is_refused_and_no_password_shown(
        self, tmp_path: Path, media_server: MediaServer
    ) -> None:
        url = media_server.put("/a", g711_wav(7, EVERY_CODE)).replace("//", "//me:secret@")
        async with guarded_session(UrlPolicy(allow_private=False)) as session:
            cache = MediaCache(tmp_path, session, 1_000_000)
            with pytest.raises(TwilioError) as caught:
                await cache.fetch(url)
        assert caught.value.code == 11205
        assert "secret" not in caught.value.message
        assert media_server.asked == []
