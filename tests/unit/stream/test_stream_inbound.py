"""The inbound sequencer: a gapless media clock (B-6)."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from stream import g711
from stream.inbound import IDLE_TICKS, MAX_FILL, Inbound
from stream.rtp import Packet

SILENCE = b"\xff" * 160


class Caller:
    """Makes packets as a phone does; counters start near their wrap."""

    def __init__(self, ssrc: int = 1) -> None:
        self.sequence, self.timestamp, self.ssrc = 0xFFF0, 2**32 - 900, ssrc

    def packet(self, payload: bytes, kind: int = 0) -> Packet:
        packet = Packet(kind, False, self.sequence, self.timestamp, self.ssrc, payload)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + len(payload)) & 0xFFFFFFFF
        return packet

    def pause(self, samples: int) -> None:
        self.timestamp = (self.timestamp + samples) & 0xFFFFFFFF


def sound(frames: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(160 * frames)


def test_frames_pass_as_they_are() -> None:
    inbound, caller, audio = Inbound(0), Caller(), sound(100)
    frames = [inbound.push(caller.packet(audio[at : at + 160])) for at in range(0, 16_000, 160)]
    assert frames == [[audio[at : at + 160]] for at in range(0, 16_000, 160)]
    assert (inbound.filled, inbound.late, inbound.rebased) == (0, 0, 0)


@given(st.lists(st.sampled_from([1, 80, 159, 161, 240, 320, 480, 1600]), max_size=40))
def test_any_packet_time_is_sliced_again(sizes: list[int]) -> None:
    inbound, caller = Inbound(0), Caller()
    audio = random.Random(3).randbytes(sum(sizes))
    out, at = [], 0
    for size in sizes:
        out += inbound.push(caller.packet(audio[at : at + size]))
        at += size
    assert all(len(frame) == 160 for frame in out)
    assert b"".join(out) == audio[: len(audio) // 160 * 160]


def test_lost_packets_become_silence() -> None:
    inbound, caller = Inbound(0), Caller()
    one, two = sound(1, 1), sound(1, 2)
    inbound.push(caller.packet(one))
    caller.packet(SILENCE)
    caller.packet(SILENCE)
    assert inbound.push(caller.packet(two)) == [SILENCE, SILENCE, two]
    assert inbound.filled == 320


def test_duplicates_and_late_packets_are_dropped_and_counted() -> None:
    inbound, caller = Inbound(0), Caller()
    first, lost, third = (caller.packet(sound(1, seed)) for seed in range(3))
    inbound.push(first)
    assert inbound.push(first) == []
    assert inbound.push(third) == [SILENCE, third.payload]
    assert inbound.push(lost) == []
    assert inbound.push(third) == []
    assert inbound.late == 3


def test_other_payload_types_are_not_audio() -> None:
    """Comfort noise and telephone events leave a gap, which the next packet fills."""
    inbound, caller = Inbound(0), Caller()
    inbound.push(caller.packet(sound(1)))
    assert inbound.push(caller.packet(bytes(160), kind=101)) == []
    assert inbound.push(caller.packet(sound(1, 1))) == [SILENCE, sound(1, 1)]
    assert inbound.push(caller.packet(b"")) == []
    assert inbound.push(caller.packet(bytes(9000))) == []
    assert inbound.ignored == 3


def test_a_new_ssrc_goes_on_without_loss() -> None:
    """B-28."""
    inbound, caller, other = Inbound(0), Caller(1), Caller(2)
    inbound.push(caller.packet(sound(1)))
    other.pause(123_456_789)
    assert inbound.push(other.packet(sound(1, 1))) == [sound(1, 1)]
    assert inbound.rebased == 1


@given(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1))
def test_no_jump_of_counters_loses_new_audio(sequence: int, timestamp: int) -> None:
    """Whatever a restarted sender begins with, its audio passes, unless it looks like a late
    packet in both counters (then it is one)."""
    inbound, caller = Inbound(0), Caller()
    inbound.push(caller.packet(sound(1)))
    behind = (caller.sequence - sequence) & 0xFFFF
    back = (caller.timestamp - timestamp) & 0xFFFFFFFF
    caller.sequence, caller.timestamp = sequence, timestamp
    frames = inbound.push(caller.packet(sound(1, 1)))
    assert len(frames) <= MAX_FILL // 160 + 2
    frames += inbound.push(caller.packet(sound(1, 2)))
    late = 0 < behind <= 100 and 0 < back <= 2**31
    assert (sound(1, 1) in b"".join(frames + inbound.push(caller.packet(SILENCE)))) is not late


def test_silence_is_made_after_200_ms_without_packets() -> None:
    """The bot sees 50 messages a second in any case (Twilio: media messages)."""
    inbound = Inbound(0)
    assert [inbound.tick() for _ in range(IDLE_TICKS)] == [None] * IDLE_TICKS
    assert [inbound.tick() for _ in range(50)] == [SILENCE] * 50


def idle(inbound: Inbound, ticks: int) -> list[bytes]:
    return [frame for frame in (inbound.tick() for _ in range(ticks)) if frame is not None]


def test_a_pause_in_the_timeline_is_not_filled_twice() -> None:
    """B-6: silence already made counts; 1 s of pause gives 1 s, not 1.8 s."""
    inbound, caller = Inbound(0), Caller()
    inbound.push(caller.packet(sound(1)))
    made = idle(inbound, 50)
    caller.pause(8000)
    frames = inbound.push(caller.packet(sound(1, 1)))
    assert frames[-1] == sound(1, 1)
    assert len(made) + len(frames) - 1 == 50


def test_audio_that_was_only_late_is_not_dropped() -> None:
    """B-6: the sender's clock stood still, so nothing may be cut from what follows."""
    inbound, caller = Inbound(0), Caller()
    inbound.push(caller.packet(sound(1)))
    idle(inbound, 500)
    audio = sound(50, 1)
    out = [
        frame
        for at in range(0, 8000, 160)
        for frame in inbound.push(caller.packet(audio[at : at + 160]))
    ]
    assert b"".join(out) == audio


def test_a_long_pause_ends_without_a_burst() -> None:
    inbound, caller = Inbound(0), Caller()
    inbound.push(caller.packet(sound(1)))
    idle(inbound, 3000)
    caller.pause(160 * 3000)
    assert len(inbound.push(caller.packet(sound(1)))) <= IDLE_TICKS + 1


def test_the_carry_goes_out_before_made_silence() -> None:
    inbound, caller = Inbound(0), Caller()
    inbound.push(caller.packet(b"a" * 200))
    assert idle(inbound, IDLE_TICKS + 1) == [b"a" * 40 + b"\xff" * 120]


def test_alaw_is_translated() -> None:
    inbound = Inbound(8, g711.ALAW_TO_ULAW)
    codes = bytes(range(256)) * 5
    out = inbound.push(Packet(8, False, 1, 0, 1, codes))
    assert b"".join(out) == codes.translate(g711.ALAW_TO_ULAW)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["send", "lose", "repeat", "tick", "pause", "late"]),
        st.integers(1, 400),
    ),
    max_size=120,
)


@given(EVENTS)
def test_received_audio_comes_out_once_and_in_order(events: list[tuple[str, int]]) -> None:
    """Whatever the network does: no audio lost, doubled or reordered, frames of 20 ms only."""
    inbound, caller = Inbound(0), Caller()
    sent, out, counter = b"", b"", 0
    history: list[Packet] = []
    for event, size in events:
        if event in {"send", "lose"}:
            # 0xFF is silence; received samples are numbered 0-249 so that they can be told apart.
            payload = bytes((counter + at) % 250 for at in range(size))
            packet = caller.packet(payload)
            if event == "send":
                counter += size
                sent += payload
                history.append(packet)
                out += b"".join(inbound.push(packet))
        elif event == "repeat" and history:
            assert inbound.push(history[-1]) == []
        elif event == "late" and history:
            assert inbound.push(history[-1 - size % min(len(history), 20)]) == []
        elif event == "tick":
            out += inbound.tick() or b""
        elif event == "pause":
            caller.pause(size)
    assert len(out) % 160 == 0
    heard = out.replace(b"\xff", b"")
    assert sent.startswith(heard)
    assert len(sent) - len(heard) < 160 + 400
