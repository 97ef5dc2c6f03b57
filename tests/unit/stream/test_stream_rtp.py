"""RTP packets (RFC 3550 §5.1) and the sender's counters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.testing import rtp as oracle
from stream import rtp
from stream.hot import Sender

U16 = st.integers(0, 2**16 - 1)
U32 = st.integers(0, 2**32 - 1)


@given(st.integers(0, 127), st.booleans(), U16, U32, U32, st.binary(max_size=400))
def test_round_trip(
    kind: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> None:
    built = rtp.build(kind, marker, sequence, timestamp, ssrc, payload)
    assert rtp.parse(built) == rtp.Packet(kind, marker, sequence, timestamp, ssrc, payload)


@given(st.binary(max_size=80))
def test_any_bytes_are_parsed_or_refused(datagram: bytes) -> None:
    packet = rtp.parse(datagram)
    assert packet is None or len(packet.payload) <= len(datagram) - 12


@given(st.lists(U32, max_size=15), st.none() | st.binary(max_size=40), st.integers(0, 20))
def test_csrc_extension_and_padding_are_skipped(
    csrc: list[int], extension: bytes | None, padding: int
) -> None:
    """§5.1, §5.3.1: what stands around the payload is not audio."""
    head = bytes([0x80 | len(csrc) | (0x10 if extension is not None else 0)])
    body = b"".join(number.to_bytes(4, "big") for number in csrc)
    if extension is not None:
        extension += bytes(-len(extension) % 4)
        body += b"\xbe\xde" + (len(extension) // 4).to_bytes(2, "big") + extension
    body += b"audio"
    if padding:
        head = bytes([head[0] | 0x20])
        body += bytes(padding - 1) + bytes([padding])
    packet = rtp.parse(head + b"\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03" + body)
    assert packet is not None
    assert packet.payload == b"audio"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        bytes(11),
        b"\x00" + bytes(20),  # version 0, as STUN has
        b"\x8f" + bytes(20),  # fifteen CSRC announced, none there
        b"\x90" + bytes(13),  # extension cut off
        b"\xa0" + bytes(11) + b"\xff",  # more padding than packet
        b"\xa0" + bytes(11) + b"\x00",  # padding of length 0
    ],
)
def test_malformed_packets_are_refused(datagram: bytes) -> None:
    assert rtp.parse(datagram) is None


def test_sender_counts_samples_with_one_ssrc_for_life() -> None:
    """B-28: marker once, sequence and timestamp continuous over their wraps."""
    sender = Sender(8, ssrc=7, sequence=0xFFFE, timestamp=2**32 - 200)
    packets = [oracle.parse(sender.packet(bytes(160)), 0.0, ("", 0)) for _ in range(4)]
    seen = [(p.marker, p.sequence, p.timestamp, p.ssrc, p.payload_type) for p in packets if p]
    assert seen == [
        (True, 0xFFFE, 2**32 - 200, 7, 8),
        (False, 0xFFFF, 2**32 - 40, 7, 8),
        (False, 0, 120, 7, 8),
        (False, 1, 280, 7, 8),
    ]
