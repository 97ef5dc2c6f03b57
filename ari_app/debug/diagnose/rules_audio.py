"""Rules of RTP, and of a machine that has too much to do."""

from __future__ import annotations

from collections.abc import Iterator

from ari_app.debug.diagnose.case import Case
from ari_app.debug.diagnose.rule import Rule, Seen, ms, seconds

#: Calls shorter than that need not have had any audio, seconds.
LEAST = 2.0
#: Packets a second of audio in frames of 20 ms.
RATE = 50
#: Less of what the time would need is called broken off.
PART = 0.5
LOSS, JITTER = 0.01, 30.0
#: A gap of a capture from there on, seconds.
HOLE = 0.5
#: Asterisk's answers and events later than that are late, ms and seconds.
SLOW, LATE = 1000.0, 0.5
_SECOND = 8000


def _lasted(case: Case, leg: str) -> float:
    """Seconds that a leg had to send audio in."""
    begin = case.answered
    if leg != "phone":
        begin = next((one.answered for one in case.legs if one.answered), 0.0)
    return (case.ended or case.over) - begin if begin else 0.0


def _nothing_in(case: Case) -> Iterator[Seen]:
    for one in case.sounds if case.listened_to else ():
        lasted = _lasted(case, one.leg)
        if not one.received and lasted >= LEAST:
            text = f"the {one.leg} sent no audio packet in {seconds(lasted)}: it is not heard"
            yield Seen(case.ended or case.over, text)


def _nothing_out(case: Case) -> Iterator[Seen]:
    for one in case.sounds if case.spoken_to else ():
        lasted = _lasted(case, one.leg)
        if not one.sent and lasted >= LEAST:
            text = f"Asterisk sent no audio packet to the {one.leg} in {seconds(lasted)}"
            yield Seen(case.ended or case.over, text)


def _broken_off(case: Case) -> Iterator[Seen]:
    for one in case.sounds:
        lasted = _lasted(case, one.leg)
        came = (one.received + one.lost_in) / RATE
        if one.received and lasted >= LEAST and came < PART * lasted:
            text = f"the {one.leg} sent audio for about {seconds(came)} of {seconds(lasted)}"
            yield Seen(case.ended or case.over, text)
    holes = [one for one in case.holes if one.seconds >= HOLE]
    if holes:
        most = max(holes, key=lambda one: one.seconds)
        more = f" ({len(holes)} such gaps)" if len(holes) > 1 else ""
        yield Seen(most.at, f"audio stalled, {most.words}{more}")


def _lossy(case: Case) -> Iterator[Seen]:
    for one in case.sounds:
        parts = []
        for lost, went, way in (
            (one.lost_in, one.received, "from"),
            (one.lost_out, one.sent, "to"),
        ):
            if went and lost / (went + lost) >= LOSS:
                parts.append(f"{100 * lost / (went + lost):.1f} % of the packets {way} it lost")
        if one.jitter >= JITTER:
            parts.append(f"jitter {one.jitter:.0f} ms")
        if parts:
            yield Seen(case.ended or case.over, f"{one.leg}: {', '.join(parts)}")


def _overload(case: Case) -> Iterator[Seen]:
    at, took, what = case.slowest
    if took >= SLOW:
        yield Seen(at, f"Asterisk took {ms(took)} to answer {what}")
    at, late = case.lag
    if late >= LATE:
        yield Seen(at, f"an event came {seconds(late)} after Asterisk had sent it")


def _late(case: Case) -> Iterator[Seen]:
    for one in case.streams:
        late, came = one.stats.get("rtp_late", 0), one.stats.get("rtp_received", 0)
        if came and late / came >= LOSS:
            text = f"{late} of {came} packets of the caller came too late for the bot"
            yield Seen(one.stopped, text)
        if dropped := one.stats.get("media_dropped", 0):
            yield Seen(one.stopped, f"{dropped} media messages to the bot were dropped")


AUDIO: tuple[Rule, ...] = (
    Rule(
        "no-audio-in",
        "Audio",
        "the caller is not heard (one-way audio)",
        "his RTP does not reach Asterisk: NAT, a firewall, or a wrong address in the SDP that we "
        "sent",
        "open the ports of `ARISWITCH_RTP_PORT_RANGE` for UDP; set `ARISWITCH_EXTERNAL_ADDRESS` "
        "to the address that callers see; `--pcap` shows where the packets end",
        _nothing_in,
    ),
    Rule(
        "no-audio-out",
        "Audio",
        "the caller hears nothing",
        "nothing was played or bridged to him, or Asterisk knows no address to send to",
        "look at the ladder for ♪ and bridge rows; `asterisk -rx 'rtp set debug on'`",
        _nothing_out,
    ),
    Rule(
        "audio-stalls",
        "Audio",
        "audio breaks off in the middle",
        "a phone that goes mute, on hold or suppresses silence (harmless), or a network that lost "
        "its way",
        "`ari-debug ladder CALL --pcap FILE` shows the gaps, and whether packets were lost",
        _broken_off,
        "note",
    ),
    Rule(
        "audio-loss",
        "Audio",
        "choppy audio",
        "packets are lost or late between phone and Asterisk",
        "look for the lossy hop with `mtr`; on Wi-Fi try a cable; on a full line let RTP go first",
        _lossy,
        "note",
    ),
)
MACHINE: tuple[Rule, ...] = (
    Rule(
        "overload",
        "The machine",
        "everything is late: Asterisk answers or tells slowly",
        "the machine has too much to do, or swaps",
        "look at `top`, `asterisk -rx 'core show taskprocessors'` and `/metrics` "
        "(ticks_skipped); fewer calls on this node, or more cores",
        _overload,
    ),
    Rule(
        "late-media",
        "The machine",
        "choppy audio at the bot, not at the phone",
        "packets wait in this machine, or the bot reads too slowly",
        "look at `/metrics` of the stream workers; have as many "
        "(`ARISWITCH_STREAM_WORKERS`) as there are cores",
        _late,
        "note",
    ),
)
