"""WebSocket frames of a client, against the `websockets` package (RFC 6455 §5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as Oracle
from websockets.frames import Opcode
from websockets.streams import StreamReader

from stream import frames

PAYLOADS = st.binary(max_size=300) | st.integers(65_530, 65_540).map(bytes)


def unmasked(data: bytes) -> Oracle:
    """Return what a server makes of ``data``."""
    reader = StreamReader()
    reader.feed_data(data)
    parser = Oracle.parse(reader.read_exact, mask=True)
    try:
        next(parser)
    except StopIteration as done:
        frame: Oracle = done.value
        return frame
    raise AssertionError("not a whole frame")


@given(st.sampled_from([1, 2, 8, 9, 10]), PAYLOADS)
def test_a_server_reads_what_we_send(opcode: int, payload: bytes) -> None:
    payload = payload[:125] if opcode >= frames.CLOSE else payload
    frame = unmasked(frames.build(opcode, payload))
    assert (frame.opcode, frame.fin, frame.data) == (opcode, True, payload)


@given(st.lists(st.tuples(st.booleans(), PAYLOADS), max_size=5), st.integers(1, 70_000))
def test_frames_come_whole_however_they_are_cut(sent: list[tuple[bool, bytes]], size: int) -> None:
    data = b"".join(
        Oracle(Opcode.TEXT, payload, fin).serialize(mask=False) for fin, payload in sent
    )
    reader = frames.FrameReader()
    size = max(size, len(data) // 50)
    found = [
        frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])
    ]
    assert [(frame.fin, frame.payload) for frame in found] == sent


@pytest.mark.parametrize(
    "data", [b"\x81\x81", b"\xc1\x00", b"\x83\x00", b"\x09\x00", b"\x89\x7e\x00\x7e"]
)
def test_bad_frames_are_1002(data: bytes) -> None:
    with pytest.raises(frames.FrameError) as failure:
        list(frames.FrameReader().feed(data + bytes(200)))
    assert failure.value.close_code == 1002


def test_a_frame_over_the_bound_is_1009_before_it_has_come() -> None:
    with pytest.raises(frames.FrameError) as failure:
        list(frames.FrameReader(limit=1000).feed(b"\x81\x7e\x03\xe9"))
    assert failure.value.close_code == 1009
