"""Messages of RFC 4475 (SIP torture tests), those that a proxy meets on the wire, by their name."""

from __future__ import annotations

from zlib import crc32

_SDP = (
    "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\n"
    "t=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\n"
)


def _message(first: str, *lines: str, body: str = "", length: str | None = None) -> bytes:
    """Put the usual headers behind ``lines``, which may replace any of them."""
    method = first.split(" ", 1)[0]
    usual = {
        "To": "sip:j.user@example.com",
        "From": "sip:caller@example.net;tag=134161461246",
        "Max-Forwards": "7",
        "Call-ID": f"{crc32(repr((first, lines)).encode())}.rfc4475@example.net",
        "CSeq": f"8 {method}",
        "Via": f"SIP/2.0/UDP 192.0.2.15;rport;branch=z9hG4bKkdjuw{len(first)}",
        "Contact": "<sip:caller@example.net>",
        "Content-Length": length if length is not None else str(len(body)),
    }
    given = {line.split(":", 1)[0].strip().lower() for line in lines}
    rest = [f"{name}: {value}" for name, value in usual.items() if name.lower() not in given]
    return ("\r\n".join([first, *lines, *rest]) + "\r\n\r\n" + body).encode(
        "utf-8", "surrogateescape"
    )


def _raw(text: str) -> bytes:
    """A message as it stands, LF for CRLF."""
    return text.replace("\n", "\r\n").encode()


_INVITE = "INVITE sip:user@example.com SIP/2.0"

#: Name in the RFC to the message.
MESSAGES: dict[str, bytes] = {
    "wsinv": _raw(
        """INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 0
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

"""
    ),
    "intmeth": _message(
        "!interesting-Method0123456789_*+`.%indeed'~ "
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
        "(doesn't-it)@example.com SIP/2.0",
        "Contact: <sip:mundane@example.com>",
    ),
    "esc01": _message(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
        "To: sip:%75se%72@example.com",
        "From: <sip:I%20have%20spaces@example.net>;tag=938",
    ),
    "escnull": _message(
        "REGISTER sip:example.com SIP/2.0",
        "To: sip:null-%00-null@example.com",
        "From: sip:null-%00-null@example.com;tag=839923423",
    ),
    "esc02": _message("RE%47IST%45R sip:registrar.example.com SIP/2.0"),
    "lwsdisp": _message(
        "OPTIONS sip:user@example.com SIP/2.0", "From: caller<sip:caller@example.com>;tag=323"
    ),
    "longreq": _message(
        _INVITE,
        'To: "I have a user name of extremeextreme proportion" <sip:user@example.com:6000;'
        + "unknownparam1=very"
        + "long" * 300
        + ";longparam>",
        *(f"Unknown-{'Long' * 20}-Name: unknown-{'long' * 20}-value" for _ in range(3)),
        *(f"Via: SIP/2.0/TCP sip{n}.example.com" for n in range(33, 0, -1)),
    ),
    "dblreq": _message("REGISTER sip:example.com SIP/2.0") + _message(_INVITE, body=_SDP),
    "semiuri": _message("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
    "transports": _message(
        "OPTIONS sip:user@example.com SIP/2.0",
        "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw",
        "Via: SIP/2.0/UNKNOWN t5.example.com;branch=z9hG4bKkdasdj",
    ),
    "unreason": _raw(
        """SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1
Call-ID: unreason
CSeq: 35 INVITE
From: sip:a@b;tag=1
To: sip:c@d;tag=2

"""
    ),
    "badinv01": _message(
        _INVITE,
        "To: sip:j.user@example.com",
        "Via: SIP/2.0/UDP 192.0.2.15;;,;,,",
        'Contact: "Joe" <sip:joe@example.org>;;;;',
    ),
    "clerr": _message(_INVITE, body=_SDP, length="9999"),
    "ncl": _message(_INVITE, body=_SDP, length="-999"),
    "scalar02": _message(
        "REGISTER sip:example.com SIP/2.0",
        "CSeq: 36893488147419103232 REGISTER",
        "Max-Forwards: 300",
        "Expires: 1000000000000000000000",
    ),
    "quotbal": _message(_INVITE, 'To: "Mr. J. User <sip:j.user@example.com>'),
    "ltgtruri": _message("INVITE <sip:user@example.com> SIP/2.0"),
    "lwsruri": _message("INVITE sip:user@example.com; lr SIP/2.0"),
    "lwsstart": _message("INVITE  sip:user@example.com  SIP/2.0"),
    "trws": _message("OPTIONS sip:remote-target@example.com SIP/2.0  "),
    "escruri": _message("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"),
    "badvers": _message(
        "OPTIONS sip:t.watson@example.org SIP/7.0", "Via: SIP/7.0/UDP c.example.com"
    ),
    "mismatch01": _message("OPTIONS sip:user@example.com SIP/2.0", "CSeq: 8 INVITE"),
    "mismatch02": _message("NEWMETHOD sip:user@example.com SIP/2.0", "CSeq: 8 INVITE"),
    "bigcode": _raw(
        """SIP/2.0 4294967301 better not break the receiver
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2
Call-ID: bigcode
CSeq: 353494 INVITE
From: <sip:a@b>;tag=1
To: <sip:c@d>;tag=2

"""
    ),
    "badbranch": _message(_INVITE, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"),
    "insuf": _raw(
        """INVITE sip:user@example.com SIP/2.0
CSeq: 193942 INVITE
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Content-Length: 0

"""
    ),
    "unkscm": _message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
    "novelsc": _message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
    "multi01": _message(
        _INVITE,
        "To: sip:user@example.com",
        "To: sip:other@example.net",
        "From: sip:caller@example.net;tag=3413415",
        "From: sip:caller@example.org;tag=1",
        "Call-ID: multi01.98asdh@192.0.2.1",
        "Call-ID: multi01.98asdh@192.0.2.2",
        "CSeq: 5 INVITE",
        "CSeq: 59 INVITE",
    ),
    "mcl01": _message(_INVITE, "Content-Length: 13", "Content-Length: 5", body="There's no way"),
    "zeromf": _message("OPTIONS sip:user@example.com SIP/2.0", "Max-Forwards: 0"),
    "inv2543": _raw(
        """INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net
Call-ID: inv2543.1717@ift.client.example.com
CSeq: 56 INVITE

"""
    ),
}
