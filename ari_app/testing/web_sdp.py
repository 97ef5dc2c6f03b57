"""SDP as browsers write it (RFC 8829), and what tells it from a telephone's."""

from __future__ import annotations

_FINGERPRINT = ":".join(["AB"] * 32)
#: What Chrome says, shortened: one bundle, ICE, DTLS-SRTP, RTCP in the same port.
BROWSER = f"""v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 40999 UDP/TLS/RTP/SAVPF 111 0 8 101
c=IN IP4 127.0.0.1
a=candidate:1 1 udp 2122260223 127.0.0.1 40999 typ host
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 {_FINGERPRINT}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
"""
#: The same as an answer to a node's offer.
ANSWER = BROWSER.replace("actpass", "active").replace("SAVPF 111 0 8 101", "SAVPF 0 101")


def is_a_browsers(sdp: str) -> bool:
    """Whether SDP has what WebRTC demands: SRTP by DTLS, ICE, RTCP in the same port."""
    srtp = ("UDP/TLS/RTP/SAVPF", "a=fingerprint:", "a=setup:", "a=rtcp-mux")
    ice = ("a=ice-ufrag:", "a=ice-pwd:", "a=candidate:")
    return all(part in sdp for part in (*srtp, *ice))


def is_plain(sdp: str) -> bool:
    """Whether SDP has nothing but what a node takes."""
    unwanted = ("SAVP", "fingerprint", "ice-", "candidate", "rtcp-mux", "crypto")
    return "RTP/AVP" in sdp and not any(part in sdp for part in unwanted)
