"""The cache's byte bound: least recently used first, never a sound in use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from ari_app.errors import TwilioError
from ari_app.media import MediaCache, Sound
from ari_app.media.files import GRACE_SECONDS
from ari_app.media.tones import tones_wav
from ari_app.testing.media_server import ManualClock, MediaServer

SECOND = 16_000
"""Bytes of a second: two files of 8,000."""


@pytest.fixture
async def small(
    tmp_path: Path, session: aiohttp.ClientSession, clock: ManualClock
) -> AsyncIterator[MediaCache]:
    """Room for three seconds."""
    cache = MediaCache(tmp_path, session, 3 * SECOND, clock=clock)
    yield cache
    await cache.close()


async def second(cache: MediaCache, key: str) -> Sound:
    async def produce() -> bytes:
        return tones_wav("W")

    return await cache.make(key, produce)


def kept(*sounds: Sound) -> list[bool]:
    """Whether each is there; a half of a pair must never be."""
    pairs = [
        {Path(sound.path + suffix).exists() for suffix in (".ulaw", ".alaw")} for sound in sounds
    ]
    assert all(len(pair) == 1 for pair in pairs)
    return [pair.pop() for pair in pairs]


def halve(sound: Sound) -> None:
    Path(sound.path + ".alaw").unlink()


async def test_the_least_recently_used_goes_first(small: MediaCache, clock: ManualClock) -> None:
    a, b, c = [await second(small, key) for key in "abc"]
    clock.now += GRACE_SECONDS + 1
    await second(small, "a")  # used again
    d = await second(small, "d")
    assert kept(a, b, c, d) == [True, False, True, True]


async def test_a_pinned_sound_is_never_deleted(small: MediaCache, clock: ManualClock) -> None:
    a, b, c = [await second(small, key) for key in "abc"]
    with a, a:
        clock.now += GRACE_SECONDS + 1
        d = await second(small, "d")
        assert kept(a, b, c, d) == [True, False, True, True]
    clock.now += GRACE_SECONDS + 1
    await second(small, "e")
    assert kept(a) == [False]


async def test_sounds_handed_out_lately_are_kept_over_the_bound(small: MediaCache) -> None:
    sounds = [await second(small, key) for key in "abcdef"]
    assert kept(*sounds) == [True] * 6


async def test_past_twice_the_bound_new_sounds_are_refused(
    small: MediaCache, clock: ManualClock, media_server: MediaServer
) -> None:
    url = media_server.put("/a", tones_wav("1"), Cache_Control="max-age=600")
    other = media_server.put("/b", tones_wav("2"))
    fetched = await small.fetch(url)
    for key in "abcdef":
        await second(small, key)
    with pytest.raises(TwilioError) as caught:
        await second(small, "h")
    assert caught.value.code == 12400
    with pytest.raises(TwilioError, match="full"):
        await small.fetch(other)
    await second(small, "a")  # what is there can still be played
    assert await small.fetch(url) == fetched
    clock.now += GRACE_SECONDS + 1
    await second(small, "h")


async def test_a_restart_knows_the_order_and_clears_halves(
    small: MediaCache, session: aiohttp.ClientSession, tmp_path: Path, clock: ManualClock
) -> None:
    sounds = []
    for key in "abc":
        clock.now += 1000
        sounds.append(await second(small, key))
    clock.now += 1000
    await second(small, "a")
    halve(sounds[1])
    again = MediaCache(tmp_path, session, SECOND, clock=clock)
    assert kept(*sounds) == [True, False, False]
    assert (await second(again, "a")) == sounds[0]


async def test_made_sounds_are_made_once_and_failures_are_not_kept(small: MediaCache) -> None:
    calls = []

    async def fails() -> bytes:
        calls.append("fails")
        raise TwilioError(12400, "engine down")

    async def works() -> bytes:
        calls.append("works")
        return tones_wav("1")

    with pytest.raises(TwilioError, match="engine down"):
        await small.make("key", fails)
    assert await small.make("key", works) == await small.make("key", works)
    assert calls == ["fails", "works"]


async def test_made_audio_that_is_none_is_an_error(small: MediaCache, tmp_path: Path) -> None:
    async def junk() -> bytes:
        return b"junk"

    with pytest.raises(TwilioError) as caught:
        await small.make("key", junk)
    assert caught.value.code == 13420
    assert not list((tmp_path / "tmp").iterdir())
