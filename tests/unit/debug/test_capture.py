"""SIP and RTP of a capture in the ladder of the call."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import dpkt
import pytest

from ari_app.debug.capture import CaptureError, alone, call_id_of_port, export, join, read
from ari_app.debug.capture.read import Address, Datagram
from ari_app.debug.capture.rtp import flows
from ari_app.debug.diagnose import read_case, report
from ari_app.debug.ladder import tell
from ari_app.debug.record import Item

PHONE, GATEWAY, ASTERISK = ("10.0.0.1", 5060), ("10.0.0.2", 5060), ("10.0.0.3", 5060)
PHONE_RTP, ASTERISK_RTP = ("10.0.0.1", 4000), ("10.0.0.3", 20000)
CALL, CHANNEL = "CA" + "0" * 32, "node1-1.0"


def sdp(audio: Address) -> str:
    return f"v=0\r\nc=IN IP4 {audio[0]}\r\nm=audio {audio[1]} RTP/AVP 0\r\n"


def sip(
    at: float,
    way: tuple[Address, Address],
    start: str,
    cseq: str,
    body: str = "",
    call_id: str = "abc@phone",
) -> Datagram:
    text = (
        f"{start}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK{cseq.split(maxsplit=1)[0]}\r\n"
        f"f: <sip:+15557000@phone>;tag=1\r\nTo: <sip:+15550100@host>\r\n"
        f"i: {call_id}\r\nCSeq: {cseq}\r\n\r\n{body}"
    )
    return Datagram(at, *way, text.encode())


def rtp(
    numbers: Iterable[int], way: tuple[Address, Address], start: float, ssrc: int = 0xABCD
) -> Iterator[Datagram]:
    for number in numbers:
        data = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, ssrc) + bytes(160)
        yield Datagram(start + number * 0.02, *way, data)


def a_call() -> list[Datagram]:
    """INVITE through a gateway, sent again once; answer, audio with a hole, BYE."""
    invite = "INVITE sip:+15550100@host SIP/2.0"
    to, back = (GATEWAY, ASTERISK), (ASTERISK, GATEWAY)
    return [
        sip(10.0, (PHONE, GATEWAY), invite, "1 INVITE", sdp(PHONE_RTP)),
        sip(10.001, to, invite, "1 INVITE", sdp(PHONE_RTP)),
        sip(10.501, to, invite, "1 INVITE", sdp(PHONE_RTP)),
        sip(10.51, back, "SIP/2.0 100 Trying", "1 INVITE"),
        sip(10.6, back, "SIP/2.0 200 OK", "1 INVITE", sdp(ASTERISK_RTP)),
        sip(10.61, to, "ACK sip:x@host SIP/2.0", "1 ACK"),
        *rtp([*range(50), *range(60, 100)], (PHONE_RTP, ASTERISK_RTP), 11.0),
        *rtp(range(90), (ASTERISK_RTP, PHONE_RTP), 11.0, ssrc=0x1234),
        sip(13.0, to, "BYE sip:x@host SIP/2.0", "2 BYE"),
        sip(13.01, back, "SIP/2.0 200 OK", "2 BYE"),
        # Somebody else's.
        sip(12.0, to, invite, "1 INVITE", call_id="other@phone"),
    ]


def begun(direction: str = "inbound", call_id: str = "abc@phone", at: float = 10.55) -> Item:
    return Item(
        at=at,
        kind="note",
        type="call-begun",
        call=CALL,
        channel=CHANNEL,
        data={
            "from": "+15557000",
            "to": "+15550100",
            "direction": direction,
            "sip_call_id": call_id,
        },
    )


def test_sip_and_the_hole_in_the_audio_stand_in_the_ladder() -> None:
    story = tell(join([begun()], a_call()))
    told = [(row.label, row.lane, row.target) for row in story.rows if row.tone != "gap"]
    assert [one for one in told if "RTP" not in one[0] and "begins" not in one[0]] == [
        ("INVITE  +15557000 → +15550100", "phone", "asterisk"),
        ("INVITE  (sent again)  +15557000 → +15550100", "phone", "asterisk"),
        ("100 Trying (INVITE)", "asterisk", "phone"),
        ("200 OK (INVITE)", "asterisk", "phone"),
        ("ACK", "phone", "asterisk"),
        ("BYE", "phone", "asterisk"),
        ("200 OK (BYE)", "asterisk", "phone"),
    ]
    [gap] = [row for row in story.rows if row.label.startswith("RTP gap")]
    assert gap.label == "RTP gap: 10 packets lost, 220 ms"
    assert (gap.lane, gap.target, round(gap.at, 2)) == ("phone", "asterisk", 12.2)
    flows_told = [row.label for row in story.rows if "as captured" in row.label]
    assert flows_told == [
        "RTP out as captured: 90 packets in 1.78 s, 0 lost, jitter 0.0 ms, SSRC 00001234",
        "RTP in as captured: 90 packets in 1.98 s, 10 lost, jitter 0.0 ms, SSRC 0000abcd",
    ]


def test_an_outbound_leg_is_found_by_number_and_time() -> None:
    """The app does not know the Call-ID that Asterisk chose."""
    datagrams = [
        sip(
            10.0,
            (ASTERISK, PHONE),
            "INVITE sip:+15550100@host SIP/2.0",
            "1 INVITE",
            call_id="made-by-asterisk",
        ),
        sip(
            10.1, (PHONE, ASTERISK), "SIP/2.0 486 Busy Here", "1 INVITE", call_id="made-by-asterisk"
        ),
    ]
    rows = tell(join([begun("outbound-api", "", at=9.9)], datagrams)).rows
    assert [(row.label, row.lane, row.tone) for row in rows[1:]] == [
        ("INVITE  +15557000 → +15550100", "asterisk", "good"),
        ("486 Busy Here (INVITE)", "phone", "bad"),
    ]
    assert len(join([begun("outbound-api", "", at=100.0)], datagrams)) == 1


@pytest.mark.parametrize(
    ("times", "numbers", "stamps", "words"),
    [
        ([0, 0.02, 0.04], [1, 2, 3], [160, 320, 480], None),
        ([0, 0.02, 0.10], [1, 2, 3], [160, 320, 480], "nothing came for 80 ms, nothing lost"),
        (
            [0, 0.02, 0.04],
            [1, 2, 3],
            [160, 320, 1600],
            "the sender's clock jumps by 160 ms, nothing lost",
        ),
        ([0, 0.02, 0.12], [1, 2, 7], [160, 320, 1120], "4 packets lost, 100 ms"),
        ([0, 0.02, 0.04], [1, 3, 2], [160, 480, 320], None),  # out of order
        ([0, 0.02, 0.04], [65535, 0, 1], [160, 320, 480], None),  # the number goes round
        ([0, 0.02, 0.04], [1, 2, 30000], [160, 320, 9999999], None),  # the sender began anew
    ],
)
def test_gaps(times: list[float], numbers: list[int], stamps: list[int], words: str | None) -> None:
    datagrams = [
        Datagram(at, PHONE_RTP, ASTERISK_RTP, struct.pack("!BBHII", 128, 0, number, stamp, 1))
        for at, number, stamp in zip(times, numbers, stamps, strict=True)
    ]
    [flow] = flows(datagrams, {ASTERISK_RTP})
    assert [gap.words for gap in flow.gaps] == ([words] if words else [])


def packet(one: Datagram, number: int = 0) -> dpkt.ip.IP:
    udp = dpkt.udp.UDP(sport=one.source[1], dport=one.target[1], data=one.data)
    udp.ulen = len(udp)
    addresses = {
        "src": socket.inet_aton(one.source[0]),
        "dst": socket.inet_aton(one.target[0]),
    }
    ip = dpkt.ip.IP(p=17, id=number, data=udp, **addresses)
    ip.len = len(ip)
    return ip


def written(path: Path, packets: Iterable[tuple[float, dpkt.ip.IP]], form: str = "pcap") -> Path:
    with path.open("wb") as file:
        writer = (dpkt.pcap if form == "pcap" else dpkt.pcapng).Writer(file)
        for at, ip in packets:
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(data=ip)), ts=at)
    return path


def pieces(ip: dpkt.ip.IP, size: int = 400) -> list[dpkt.ip.IP]:
    """As a router would cut it (RFC 791)."""
    whole, cut = bytes(ip.data), []
    for start in range(0, len(whole), size):
        more = start + size < len(whole)
        part = dpkt.ip.IP(
            src=ip.src, dst=ip.dst, p=17, id=ip.id, mf=int(more), data=whole[start : start + size]
        )
        part.offset = start
        part.len = 20 + len(whole[start : start + size])
        cut.append(part)
    return cut


def rtcp(at: float, way: tuple[Address, Address]) -> Datagram:
    return Datagram(at, *way, struct.pack("!BBHI", 0x80, 200, 6, 0xABCD) + bytes(20))


def test_a_call_s_packets_become_a_capture_of_their_own(tmp_path: Path) -> None:
    """SIP by Call-ID, RTP and RTCP by its ports, pieces of datagrams; nothing of anybody else."""
    up, down = (PHONE_RTP, ASTERISK_RTP), (ASTERISK_RTP, PHONE_RTP)
    beside = (("10.0.0.1", 4001), ("10.0.0.3", 20001))
    long = sip(10.55, (ASTERISK, GATEWAY), "SIP/2.0 183 Progress", "1 INVITE", "x" * 1200)
    mine = [*a_call()[:-1], rtcp(12.5, beside), rtcp(12.6, up)]
    others = [
        a_call()[-1],
        rtcp(12.5, (("10.0.0.1", 4003), ("10.0.0.3", 20003))),
        *rtp(range(20), (("10.0.0.9", 4000), ("10.0.0.3", 20002)), 11.0, ssrc=0x77),
        *rtp(range(20), down, 100.0, ssrc=0x88),  # the port is another call's by then
        Datagram(11.0, ("10.0.0.1", 53), ("10.0.0.3", 53), b"dns"),
    ]
    packets = [(one.at, packet(one)) for one in (*mine, *others)]
    packets += [(10.55, part) for part in pieces(packet(long, number=7))]
    foreign = Datagram(10.56, ("10.0.0.8", 9), ("10.0.0.9", 9), b"y" * 900)
    packets += [(10.56, part) for part in pieces(packet(foreign, number=7))]
    packets.sort(key=lambda one: one[0])
    source, target = written(tmp_path / "all.pcap", packets), tmp_path / "call.pcap"
    items = join([begun(), begun(at=13.02)], read(source))
    count = export(items, source, target)
    with target.open("rb") as file:
        kept = [dpkt.ethernet.Ethernet(raw).data for _, raw in dpkt.pcap.Reader(file)]
    assert count == len(kept) == len(mine) + len(pieces(packet(long)))
    assert {one.data for one in mine} <= {one.data for one in read(target)}
    assert [one.offset for one in kept if one.id == 7] == [0, 400, 800, 1200]
    assert [row.label for row in tell(join([begun()], read(target))).rows] == [
        row.label for row in tell(join([begun()], read(source))).rows
    ]


def test_the_leg_to_the_stream_worker_is_the_call_s_too(tmp_path: Path) -> None:
    """By Asterisk's end: the worker's port is that of all its streams."""
    worker, ours, other = ("127.0.0.1", 9000), ("127.0.0.1", 20010), ("127.0.0.1", 20012)
    way = {"way": "command", "peer_host": ours[0], "peer_port": ours[1]}
    opened = Item(at=11.0, kind="stream", type="open", call=CALL, data=way)
    datagrams = [
        *a_call()[:-1],
        *rtp(range(5), (worker, ours), 11.0),
        *rtp(range(5), (ours, worker), 11.0),
        *rtp(range(5), (worker, other), 11.0),
    ]
    source = written(tmp_path / "all.pcap", [(one.at, packet(one)) for one in datagrams])
    items = [*join([begun(), begun(at=13.02)], read(source)), opened]
    assert export(items, source, tmp_path / "call.pcap") == len(datagrams) - 5
    assert other not in {one.target for one in read(tmp_path / "call.pcap")}


def test_a_capture_is_never_written_over_itself_nor_an_empty_one(tmp_path: Path) -> None:
    source = written(tmp_path / "all.pcap", [(one.at, packet(one)) for one in a_call()])
    items = join([begun()], read(source))
    with pytest.raises(CaptureError, match="overwrite"):
        export(items, source, source)
    assert export([begun(call_id="nobody's")], source, tmp_path / "none.pcap") == 0
    assert not (tmp_path / "none.pcap").exists()


def test_the_call_of_a_port_is_known_from_the_capture() -> None:
    assert call_id_of_port(a_call(), ASTERISK_RTP[1]) == "abc@phone"
    assert call_id_of_port(a_call(), ASTERISK_RTP[1] + 1) == "abc@phone"
    assert call_id_of_port(a_call(), 1) == ""


def test_a_call_that_nobody_else_tells_of_is_what_the_capture_has() -> None:
    """Asterisk refuses an offer without a codec of its own before any application hears of it."""
    to, back = (PHONE, ASTERISK), (ASTERISK, PHONE)
    refused = [
        sip(10.0, to, "INVITE sip:+15550100@host SIP/2.0", "1 INVITE", sdp(PHONE_RTP), "other"),
        sip(10.1, back, "SIP/2.0 488 Not Acceptable Here", "1 INVITE", call_id="other"),
        sip(10.2, to, "ACK sip:+15550100@host SIP/2.0", "1 ACK", call_id="other"),
    ]
    for wanted in ("+15550100", "other", str(PHONE_RTP[1]), None):
        items = alone(refused, wanted)
        assert [(row.label, row.lane) for row in tell(items).rows] == [
            ("INVITE  +15557000 → +15550100", "phone"),
            ("488 Not Acceptable Here (INVITE)", "asterisk"),
            ("ACK", "phone"),
        ]
    told = report(read_case(items))
    assert told.what == "Inbound call +15557000 → +15550100, SIP other: refused with SIP 488."
    assert [one.rule for one in told.findings] == ["callee-codec"]
    assert alone(refused, "+1555") == []


def test_an_outbound_leg_is_found_by_what_its_channel_says() -> None:
    """Events tell a SIP channel's Call-ID (`protocol_id`), an older Asterisk's may not."""
    at = 10.0
    invite = [
        sip(at, (ASTERISK, PHONE), "INVITE sip:+1@host SIP/2.0", "1 INVITE", call_id="its-own"),
        sip(at + 30, (ASTERISK, PHONE), "INVITE sip:+1@host SIP/2.0", "1 INVITE", call_id="no"),
    ]
    created = Item(
        at=at + 30,
        kind="event",
        type="ChannelCreated",
        channel=CHANNEL,
        data={"channel": {"id": CHANNEL, "name": "PJSIP/x", "protocol_id": "its-own"}},
    )
    found = join([begun("outbound-api", "", at=at + 30), created], invite)
    assert [one.linked for one in found if one.kind == "sip"] == [("its-own",)]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_files_of_both_forms_are_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "x.pcap"
    with path.open("wb") as file:
        writer = (dpkt.pcap if form == "pcap" else dpkt.pcapng).Writer(file)
        for one in a_call()[:3]:
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(data=packet(one))), ts=one.at)
        writer.writepkt(b"too short", ts=11)
    found = read(path)
    assert [one[1:] for one in found] == [one[1:] for one in a_call()[:3]]
    assert found[0].at == pytest.approx(10.0)


def test_what_is_no_capture_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    for content in (b"", b"hello, I am no capture at all"):
        path.write_bytes(content)
        with pytest.raises(CaptureError, match=r"x\.pcap"):
            read(path)
    with pytest.raises(CaptureError):
        read(tmp_path / "none")
