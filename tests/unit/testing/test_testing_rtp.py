"""The judge must be right before it may judge: RTP parsing and stream reports (RFC 3550)."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.testing import audio, rtp
from ari_app.testing.rtp import Law, RtpPacket


def packets(codes: bytes, first_sequence: int = 0xFFFE) -> list[RtpPacket]:
    """A whole stream whose counters wrap on the way."""
    made = []
    for number, offset in enumerate(range(0, len(codes), 160)):
        data = rtp.build(
            codes[offset : offset + 160],
            payload_type=0,
            sequence=first_sequence + number,
            timestamp=0xFFFFFF00 + offset,
            ssrc=7,
            marker=number == 0,
        )
        packet = rtp.parse(data, number * 0.02, ("127.0.0.1", 4000))
        assert packet is not None
        made.append(packet)
    return made


SOURCE = audio.random_codes(0.2, seed=1)


def test_a_whole_stream_is_clean_over_the_wrap_of_its_counters() -> None:
    stream = packets(SOURCE)
    assert rtp.report_of(stream).clean
    assert rtp.audio_of(stream) == SOURCE


def test_loss_doubles_and_disorder_are_counted_and_audio_comes_in_order() -> None:
    stream = packets(SOURCE)
    stream[4], stream[5] = stream[5], stream[4]
    report = rtp.report_of([*stream, stream[3]])
    assert (report.reordered, report.duplicated, report.lost) == (1, 1, 0)
    assert rtp.audio_of([*stream, stream[3]]) == SOURCE
    assert rtp.report_of([p for n, p in enumerate(packets(SOURCE)) if n != 3]).lost == 1


def test_a_timestamp_that_skips_is_a_jump() -> None:
    stream = packets(SOURCE)
    stream[-1] = dataclasses.replace(stream[-1], timestamp=stream[-1].timestamp + 160)
    assert rtp.report_of(stream).timestamp_jumps == 1


@given(st.binary(max_size=64))
def test_any_datagram_is_a_packet_or_none(data: bytes) -> None:
    packet = rtp.parse(data, 0.0, ("", 0))
    assert packet is None or len(packet.payload) <= len(data) - 12


def test_header_extension_contributors_and_padding_are_not_audio() -> None:
    data = bytes.fromhex("b1800001 00000002 00000003 0000000a bede0001 01020304") + b"ab\x00\x02"
    packet = rtp.parse(data, 0.0, ("", 0))
    assert packet is not None
    assert (packet.payload, packet.marker, packet.payload_type) == (b"ab", True, 0)


def test_rtcp_is_not_taken_for_rtp() -> None:
    assert rtp.parse(bytes.fromhex("80c80006") + bytes(24), 0.0, ("", 0)) is None


def test_silence_is_found_between_speech_and_where_packets_are_missing() -> None:
    quiet = b"\xff" * 480
    stream = packets(SOURCE + quiet + SOURCE)
    (found,) = rtp.silences_of(stream)
    assert found.seconds == pytest.approx(0.06)
    gone = [p for n, p in enumerate(packets(SOURCE * 2)) if not 8 <= n < 12]
    (found,) = rtp.silences_of(gone)
    assert found.seconds == pytest.approx(0.08)
    assert rtp.silences_of(packets(SOURCE)) == []


def test_a_key_press_ends_three_times_with_its_whole_length() -> None:
    payloads = rtp.event_packets("#", 100)
    assert payloads[-3:] == [bytes((11, 0x8A, 0x03, 0x20))] * 3
    assert all(not payload[1] & 0x80 for payload in payloads[:-3])


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_a_wav_encodes_back_to_the_codes_it_was_made_from(law: Law) -> None:
    for codes in (audio.random_codes(1, seed=2, law=law), audio.tone_codes(1, law=law)):
        assert audio.encode(audio.decode(codes, law), law) == codes
        assert audio.wav(codes, law)[44:] == audio.decode(codes, law).tobytes()
