"""What is around an Asterisk: audio on its way, clocks, limits, a balancer in front. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ari_app.debug.finding import Finding
from ari_app.debug.probes import Hello, Limit
from ari_app.gateway.mi import Destination

#: Clocks that differ more make logs of two machines hard to read together, seconds.
SKEW = 2.0
#: Packets of 25 that may be lost on a way that is called well.
_LOST = 1
#: A call with a stream needs some ten files: sockets, pipes, a sound.
_FILES = 4096
_FULL = 0.8


def rtp(hello: Hello | str | None) -> Iterator[Finding]:
    """Whether audio passes between this machine and Asterisk."""
    if hello is None:
        return
    if isinstance(hello, str):
        fix = "modules.conf: load = chan_rtp.so, bridge_simple.so"
        yield Finding("bad", "hello RTP", f"could not be tried: {hello}", fix)
        return
    counts = (
        f"{hello.there} of {hello.sent} packets came through one way, {hello.back} the other "
        f"({hello.here} - {', '.join(hello.asterisk)})"
    )
    if min(hello.there, hello.back) >= hello.sent - _LOST:
        yield Finding("ok", "hello RTP", counts)
        return
    fix = (
        "let UDP pass both ways between this machine and the ports of rtp.conf (firewall, NAT, "
        "container network); external media must be sent to an address that Asterisk reaches"
    )
    yield Finding("bad", "hello RTP", counts, fix)


def clock(by_date: float | None, hello: Hello | str | None) -> Iterator[Finding]:
    """Asterisk's clock beside ours; events tell milliseconds, HTTP whole seconds."""
    exact = hello.skew if isinstance(hello, Hello) else None
    skew = by_date if exact is None else exact
    if skew is None:
        return
    if abs(skew) < SKEW:
        yield Finding("ok", "clock", "differs by less than two seconds from this machine's")
        return
    way = "ahead of" if skew > 0 else "behind"
    text = f"Asterisk's is {abs(skew):.1f} s {way} this machine's"
    yield Finding("bad", "clock", text, "run NTP on both: chronyc tracking")


def files(limits: Sequence[Limit]) -> Iterator[Finding]:
    """Open files that are allowed, and used."""
    for limit in limits:
        used = "" if limit.open is None else f", {limit.open} open"
        if limit.open is not None and limit.open > _FULL * limit.most:
            fix = "asterisk.conf: maxfiles = 65536; systemd: LimitNOFILE=65536; do they grow?"
            yield Finding("bad", "open files", f"{limit.name}: {limit.most} allowed{used}", fix)
        elif limit.most < _FILES:
            # An app inherits it of who starts it; Asterisk raises its own.
            own = limit.name == "Asterisk"
            fix = "asterisk.conf: maxfiles = 65536" if own else "ulimit -n 65536, LimitNOFILE=65536"
            text = f"{limit.name}: {limit.most} allowed{used}"
            yield Finding("bad" if own else "note", "open files", text, fix)
        else:
            yield Finding("ok", "open files", f"{limit.name}: {limit.most} allowed{used}")


def balancer(
    nodes: Sequence[Destination] | str | None, channels: Sequence[Mapping[str, Any]], host: str
) -> Iterator[Finding]:
    """An OpenSIPS's count of calls beside the SIP channels that there are."""
    if nodes is None:
        return
    if isinstance(nodes, str):
        yield Finding("bad", "balancer", nodes, "is it the URL of mi_http? opensips.cfg: mi_http")
        return
    for node in nodes:
        if not node.enabled:
            why = "by command" if node.held else "it did not answer probing"
            fix = f"opensips-cli -x mi lb_status {node.id} 1"
            text = f"{node.uri} gets no calls: disabled, {why}"
            probed = "does it answer OPTIONS at its SIP port? (`sngrep`)"
            yield Finding("bad", "balancer", text, fix if node.held else probed)
    ours = [node for node in nodes if _host(node.uri) == host]
    if len(ours) != 1:
        names = ", ".join(node.uri for node in nodes) or "none"
        text = f"which of its nodes this is cannot be told by {host}: {names}"
        yield Finding("note", "balancer", text, "name Asterisk by --url as the balancer does")
        return
    [node] = ours
    legs = sum(str(one.get("name", "")).startswith("PJSIP/") for one in channels)
    text = f"counts {node.load} calls of {node.max} at {node.uri}, Asterisk has {legs} SIP channels"
    if node.load > legs:
        fix = f"what it believes to go on takes places: opensips-cli -x mi dlg_list; {_BYES}"
        yield Finding("bad", "balancer", text, fix)
    else:
        yield Finding("ok", "balancer", text)


_BYES = "do BYEs pass it (Record-Route, in-dialog routing)?"


def _host(uri: str) -> str:
    """Host of `sip:10.0.0.3:5060;transport=udp`."""
    return urlsplit(f"//{uri.partition(':')[2].partition(';')[0]}").hostname or ""
