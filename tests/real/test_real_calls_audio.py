"""What the caller hears: files byte for byte, tones, speech, keys; what happens when it fails."""

from __future__ import annotations

import asyncio
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ari_app.testing import audio, rtp
from ari_app.testing.developer import DEADLINE, Developer
from ari_app.testing.http_server import Answer
from ari_app.testing.phone import Phone, call
from ari_app.testing.rtp import Law

LAWS: tuple[Law, ...] = ("ulaw", "alaw")


def mp3(hertz: float, seconds: float = 1.0, rate: int = 44_100) -> bytes:
    """A sine as an MP3 file."""
    time = np.arange(round(seconds * rate)) / rate
    out = io.BytesIO()
    soundfile.write(out, 0.5 * np.sin(2 * np.pi * hertz * time), rate, format="MP3")
    return out.getvalue()


def strongest(samples: audio.Samples) -> float:
    """The frequency with the most energy, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rtp.SAMPLE_RATE / len(samples)


def loud_seconds(phone: Phone) -> float:
    """How many seconds of frames the caller heard that were not silent."""
    return sum(p.is_audio and not p.is_silent for p in phone.probe.received) * rtp.FRAME_SECONDS


def keys_heard(phone: Phone) -> str:
    """The keys that came as RFC 4733 events: one for each event's own timestamp."""
    events = [p for p in phone.probe.received if p.payload_type == rtp.EVENT_PAYLOAD_TYPE]
    return "".join(
        rtp.DIGITS[next(packets).payload[0]]
        for _, packets in itertools.groupby(events, key=lambda p: p.timestamp)
    )


async def listen(dev: Developer, document: str, law: Law = "ulaw") -> Phone:
    """Call a number that answers with ``document`` and listen until it hangs up."""
    number = await dev.serving(document)
    async with call(dev.stack.sip, number, law=law) as phone:
        await phone.hung_up()
    return phone


@pytest.mark.parametrize("law", LAWS)
async def test_b_29_play_wav_is_heard_byte_for_byte(dev: Developer, law: Law) -> None:
    codes = audio.random_codes(0.5, seed=1, law=law)
    url = dev.files.audio(f"/{law}.wav", audio.wav(codes, law))
    phone = await listen(dev, f"<Play>{url}</Play>", law)
    assert phone.probe.audio().count(codes) == 1
    assert phone.probe.report().lost == 0


async def test_play_loop_repeats_without_fetching_again(dev: Developer) -> None:
    codes = audio.random_codes(0.4, seed=2)
    url = dev.files.audio("/a.wav", audio.wav(codes, "ulaw"))
    phone = await listen(dev, f'<Play loop="3">{url}</Play>')
    assert phone.probe.audio().count(codes) == 3
    assert len(dev.files.received("/a.wav")) == 1


async def test_play_asks_for_the_file_without_parameters(dev: Developer) -> None:
    codes = audio.random_codes(0.1, seed=3)
    url = dev.files.audio("/a.wav", audio.wav(codes, "ulaw"))
    phone = await listen(dev, f"<Play>{url}?v=1</Play>")
    assert phone.probe.heard(codes)
    asked = dev.files.received("/a.wav")[0]
    assert (asked.method, dict(asked.query), asked.body) == ("GET", {"v": "1"}, b"")


async def test_play_mp3_is_resampled_to_the_right_tone(dev: Developer) -> None:
    url = dev.files.audio("/hold.mp3", mp3(440.0), "audio/mpeg")
    phone = await listen(dev, f"<Play>{url}</Play>")
    heard = audio.decode(phone.probe.audio(), "ulaw")
    start = int(np.argmax(np.abs(heard) > 4000))
    tone = heard[start + 800 : start + 800 + 4000]
    assert abs(strongest(tone) - 440.0) < 4
    assert float(np.sqrt(np.mean(tone.astype(float) ** 2))) > 8000
    assert 0.9 < loud_seconds(phone) < 1.3


async def test_relative_play_url_is_of_the_document(dev: Developer) -> None:
    codes = audio.random_codes(0.2, seed=4)
    dev.files.audio("/shop/sounds/hi.wav", audio.wav(codes, "ulaw"))
    number = await dev.number(dev.files.twiml("/shop/voice", "<Play>sounds/hi.wav</Play>"))
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    assert phone.probe.heard(codes)


async def test_play_digits_reaches_the_caller_as_keys(dev: Developer) -> None:
    phone = await listen(dev, '<Play digits="1w2#"/>')
    assert keys_heard(phone) == "12#"


async def test_bad_play_digits_are_a_warning_and_the_next_verb_runs(dev: Developer) -> None:
    codes = audio.random_codes(0.2, seed=5)
    url = dev.files.audio("/a.wav", audio.wav(codes, "ulaw"))
    phone = await listen(dev, f'<Play digits="12x"/><Play>{url}</Play>')
    assert phone.probe.heard(codes)
    assert "13430" in await dev.problems(await dev.call_sid(), "13430")


async def test_say_is_heard_in_its_language_and_made_once(dev: Developer) -> None:
    """The speech file is cached: the second call hears the same bytes and no file is new."""

    def made() -> set[Path]:
        return set(dev.stack.settings.media_dir.rglob("*.ulaw"))

    before = made()
    say = '<Say language="{}">Vier Tore</Say>'
    english = await listen(dev, say.format("en-US"))
    (first,) = made() - before
    assert english.probe.audio().count(first.read_bytes()) == 1
    assert loud_seconds(english) > 0.4
    again = await listen(dev, say.format("en-US"))
    assert made() - before == {first}
    assert again.probe.heard(first.read_bytes())
    await listen(dev, say.format("de-DE"))
    (german,) = made() - before - {first}
    assert german.read_bytes() != first.read_bytes()


async def test_say_loop(dev: Developer) -> None:
    before = set(dev.stack.settings.media_dir.rglob("*.ulaw"))
    phone = await listen(dev, '<Say loop="2">Hello</Say>')
    (spoken,) = set(dev.stack.settings.media_dir.rglob("*.ulaw")) - before
    assert phone.probe.audio().count(spoken.read_bytes()) == 2


async def test_say_with_markup_keeps_its_break(dev: Developer) -> None:
    """Between the words is the break, and of two words one is slow; a bad value is told."""
    said = '<Say>One<break time="2s"/><prosody rate="{}" pitch="silly">two</prosody></Say>'
    heard = [await listen(dev, said.format(rate)) for rate in ("medium", "x-slow")]
    loud, slow = ([p.is_audio and not p.is_silent for p in one.probe.received] for one in heard)
    between = [
        frames
        for frame_is_loud, frames in (
            (value, len(list(group))) for value, group in itertools.groupby(loud)
        )
        if not frame_is_loud
    ]
    assert any(95 <= frames <= 110 for frames in between)
    assert sum(slow) > sum(loud)
    assert await dev.problems(await dev.call_sid(), "12200") == ["12200"]


async def test_say_takes_entities_and_unicode(dev: Developer) -> None:
    phone = await listen(dev, "<Say>Fish &amp; chips &#8211; ü€</Say>")
    assert loud_seconds(phone) > 0.4
    assert await dev.problems(await dev.call_sid()) == []


@pytest.mark.parametrize(
    "body", [b"RIFF\x24\x00\x00\x00WAVEfmt broken", b"ID3 this is no mp3", b"\0" * 2000]
)
async def test_b_29_corrupt_audio_is_13420_and_the_next_verb_runs(
    dev: Developer, body: bytes
) -> None:
    codes = audio.random_codes(0.2, seed=6)
    bad = dev.files.audio("/bad.wav", body)
    good = dev.files.audio("/good.wav", audio.wav(codes, "ulaw"))
    phone = await listen(dev, f"<Play>{bad}</Play><Play>{good}</Play>")
    assert phone.probe.heard(codes)
    sid = await dev.call_sid()
    assert await dev.problems(sid, "13420") == ["13420"]
    await dev.logged(sid, "code=13420")


async def test_b_29_page_instead_of_audio_is_13420(dev: Developer) -> None:
    """A login page behind the URL is told as what it is, not played as noise."""
    codes = audio.random_codes(0.2, seed=7)
    page = dev.files.answer("/a.wav", Answer("<html>log in</html>", content_type="text/html"))
    good = dev.files.audio("/good.wav", audio.wav(codes, "ulaw"))
    phone = await listen(dev, f"<Play>{page}</Play><Play>{good}</Play>")
    assert phone.probe.heard(codes)
    assert await dev.problems(await dev.call_sid(), "13420") == ["13420"]


async def test_b_29_missing_audio_is_told_and_ends_with_the_announcement(dev: Developer) -> None:
    """A file that cannot be had goes the way of a document that cannot: no silent success."""
    missing, after = dev.files.url("/none.wav"), dev.files.callback("/after.wav")
    number = await dev.serving(f"<Play>{missing}</Play><Play>{after}</Play>")
    async with call(dev.stack.sip, number) as phone, asyncio.timeout(DEADLINE):
        await phone.probe.until(lambda: loud_seconds(phone) >= 1)
        sid = await dev.call_sid()
        assert await dev.problems(sid, "11200") == ["11200"]
        (note,) = await dev.rest(dev.client.calls(sid).notifications.list)
        assert (note.request_url, note.log) == (missing, "0")
        await phone.sipp.hang_up()
    assert not dev.files.received("/after.wav")


async def test_b_29_missing_audio_goes_to_the_fallback_url(dev: Developer) -> None:
    codes = audio.random_codes(0.2, seed=9)
    good = dev.files.audio("/good.wav", audio.wav(codes, "ulaw"))
    number = await dev.serving(
        f"<Play>{dev.files.url('/none.wav')}</Play>",
        voice_fallback_url=dev.app.twiml("/fallback", f"<Play>{good}</Play>"),
    )
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    assert phone.probe.heard(codes)
    asked = dev.app.received("/fallback")[0].params
    assert asked["ErrorCode"] == "11200"
    assert asked["ErrorUrl"].endswith("/none.wav")
