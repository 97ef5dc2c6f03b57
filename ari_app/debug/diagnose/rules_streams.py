"""Rules of streams to bots."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ari_app.debug.diagnose.case import Case, Stream, Trouble
from ari_app.debug.diagnose.rule import Rule, Seen, seconds

#: A stream shorter than that says little about who was silent, seconds.
LEAST = 3.0
_AWAY = "while the app was away"
_DNS = "does not resolve"
_PRIVATE = "private address"

Fits = Callable[[str], bool]


def _any(message: str) -> bool:
    return True


def broken(*codes: int, fits: Fits = _any) -> Callable[[Case], Iterator[Seen]]:
    """Look for streams that ended with these codes, or problems that no stream's end tells."""

    def look(case: Case) -> Iterator[Seen]:
        told: set[tuple[int, str]] = set()
        for one in case.streams:
            if one.code in codes and fits(one.message):
                told.add((one.code, one.message))
                yield Seen(one.stopped, _words(one))
        for trouble in case.troubles:
            new = (trouble.code, trouble.message) not in told
            if trouble.code in codes and fits(trouble.message) and new:
                yield Seen(trouble.at, f"{_to(trouble)}{trouble.message} (error {trouble.code})")

    return look


def _words(one: Stream) -> str:
    after = seconds(one.stopped - (one.connected or one.opened))
    since = "of the stream" if one.connected else "of trying"
    return f"bot {one.url}: {one.message}, after {after} {since} (error {one.code})"


def _to(trouble: Trouble) -> str:
    return f"bot {trouble.url}: " if trouble.url else ""


def _nothing_follows(case: Case) -> Iterator[Seen]:
    """After a failed stream the next verb runs; here there was none."""
    for one in case.streams:
        if one.code and one.mode == "connect" and one.stopped:
            verb = case.verb_at(one.opened)
            if case.follows(one.stopped) is None and case.ended_by == "app" and verb is not None:
                text = f"no verb follows <{verb.name}>, so the call ended with its stream"
                yield Seen(one.stopped, text)


def _lived(one: Stream, case: Case) -> float:
    return (one.stopped or case.over) - one.connected if one.connected else 0.0


def _bot_silent(case: Case) -> Iterator[Seen]:
    for one in case.streams:
        stats = one.stats
        if one.mode != "connect" or not stats or _lived(one, case) < LEAST:
            continue
        if stats.get("audio_queued", 0) or stats.get("audio_played", 0):
            continue
        came = stats.get("messages_received", 0)
        ignored = stats.get("messages_ignored", 0)
        what = f"{came} messages but no audio" if came else "no message at all"
        what += f", {ignored} of them ignored" if ignored else ""
        text = f"bot {one.url}: connected for {seconds(_lived(one, case))}, sent {what}"
        yield Seen(one.connected, text)


def _bot_deaf(case: Case) -> Iterator[Seen]:
    if any(one.leg == "phone" and not one.received for one in case.sounds):
        return  # that is told of the phone
    for one in case.streams:
        if one.stats and not one.stats.get("rtp_received") and _lived(one, case) >= LEAST:
            text = f"bot {one.url}: in {seconds(_lived(one, case))} no audio came to be sent to it"
            yield Seen(one.connected, text)


def _pending(case: Case) -> Iterator[Seen]:
    for one in case.streams:
        waited = (one.stopped or case.ended or case.over) - one.opened
        if not one.connected and not one.code and waited > 1:
            text = f"bot {one.url}: its WebSocket was not there yet after {seconds(waited)}"
            yield Seen(one.opened, text)


RULES: tuple[Rule, ...] = (
    Rule(
        "bot-refused",
        "Streams",
        "31902: the bot refuses the connection",
        "no server on that host and port",
        "start the bot, or correct the url of `<Stream>`",
        broken(31902),
        codes=(31902,),
    ),
    Rule(
        "bot-timeout",
        "Streams",
        "31901: the bot does not answer",
        "host down, a firewall that drops packets, or an upgrade that takes too long",
        "accept the WebSocket before anything slow; is the host up?",
        broken(31901),
        codes=(31901,),
    ),
    Rule(
        "bot-dns",
        "Streams",
        '31904 "does not resolve"',
        "a typing error in the bot's host name, or this machine's DNS is down",
        "correct the host name; try `getent hosts NAME` on this machine",
        broken(31904, fits=lambda text: _DNS in text),
    ),
    Rule(
        "bot-private",
        "Streams",
        '31904 "private address"',
        "the bot's address is inside your network",
        "set `ARISWITCH_URL_ALLOW` to that network (or `ARISWITCH_ALLOW_PRIVATE_URLS=true` on a "
        "laptop)",
        broken(31904, fits=lambda text: _PRIVATE in text),
    ),
    Rule(
        "bot-unreachable",
        "Streams",
        "31904: no way to the bot",
        "no route, or a network that is down",
        "try `curl -i` of the bot's address with https:// from this machine",
        broken(31904, fits=lambda text: _DNS not in text and _PRIVATE not in text),
        codes=(31904,),
    ),
    Rule(
        "bot-tls",
        "Streams",
        "31910: TLS to the bot fails",
        "a certificate that is self-signed, out of date, for another host or sent without its "
        "chain; or no TLS port",
        "try `openssl s_client -connect HOST:443 -servername HOST`; ws:// if it speaks no TLS",
        broken(31910),
        codes=(31910,),
    ),
    Rule(
        "bot-handshake",
        "Streams",
        "31920: the bot does not answer 101",
        "401, 403: it turns us away (token, signature, origin). 404: a wrong path. 200: a web "
        "page, no WebSocket. 5xx: it failed, or a proxy in front does not pass Upgrade on",
        "look at the bot's log of this upgrade. Query strings are not sent: pass what it needs as "
        "`<Parameter>`",
        broken(31920),
        codes=(31920,),
    ),
    Rule(
        "bot-closed",
        "Streams",
        "31921, 31903: the bot closes with an error, or its connection breaks",
        "it crashed or was restarted in the middle of the call; 1011 is an exception of its own",
        "look at the bot's log at that time",
        broken(31921, 31903),
        codes=(31921, 31903),
    ),
    Rule(
        "bot-protocol",
        "Streams",
        "31924: the bot breaks the WebSocket protocol",
        "bad frames, mostly of a hand-made server or a proxy that changes them",
        "let the bot use a WebSocket library as it is",
        broken(31924),
        codes=(31924,),
    ),
    Rule(
        "bot-url",
        "Streams",
        "31922, 31923, 31940, 31941: a `<Stream>` that cannot be",
        "not wss:// or ws://, no host, an unknown connector or track",
        "correct the attributes of `<Stream>`",
        broken(31922, 31923, 31940, 31941),
        codes=(31922, 31923, 31940, 31941),
    ),
    Rule(
        "stream-away",
        "Streams",
        '31900 "while the app was away"',
        "the stream ended in the seconds in which the app was started anew",
        "see why the app ended: `log/app.log`",
        broken(31900, fits=lambda text: _AWAY in text),
    ),
    Rule(
        "stream-failed",
        "Streams",
        '31900: "media worker …", "Asterisk refused the media leg"',
        "the worker died or had no room (it is started again, the next `<Stream>` goes to a living "
        "one), or Asterisk made no media channel",
        "see `log/stream-<n>.log` and `log/asterisk.log`; more workers: `ARISWITCH_STREAM_WORKERS`",
        broken(31900, 31960, fits=lambda text: _AWAY not in text),
        codes=(31900, 31960),
    ),
    Rule(
        "nothing-follows",
        "Streams",
        "the call ends with its failed stream",
        "after a failed stream the next verb runs, and there is none",
        "put a verb behind `<Connect>`: `<Redirect>` tries again, `<Dial>` or `<Say>` catches the "
        "caller",
        _nothing_follows,
        "missing",
    ),
    Rule(
        "bot-silent",
        "Streams",
        "the bot is connected, the caller hears nothing",
        "it sends no media message, or none that can be used (wrong streamSid, no base64 µ-law)",
        'let it answer `start` with {"event":"media","streamSid":…,"media":{"payload":…}} at 8 kHz '
        "µ-law; `ari-debug tail kind:stream` shows what is ignored",
        _bot_silent,
    ),
    Rule(
        "bot-deaf",
        "Streams",
        "the bot is connected and hears nothing",
        "no RTP of the caller reaches Asterisk, or none from there the stream worker",
        "does the phone send audio at all (`--pcap` shows it)? There must be no "
        "firewall between Asterisk and the stream worker",
        _bot_deaf,
    ),
    Rule(
        "bot-pending",
        "Streams",
        "the caller hangs up before the bot is there",
        "the bot is slow to accept the WebSocket, and the caller hears silence meanwhile",
        "keep the bot warm; accept the WebSocket first, load models before",
        _pending,
        "note",
    ),
    Rule(
        "bot-slow",
        "Streams",
        "31930: the bot reads too slowly",
        "its loop is busy; audio of the caller was dropped",
        "read the WebSocket in a task of its own, do the work elsewhere",
        broken(31930),
        "note",
        codes=(31930,),
    ),
    Rule(
        "bot-floods",
        "Streams",
        "31931: the bot has more than ten minutes queued",
        "it sends faster than the time passes and never waits for a mark",
        "send marks and wait for them, or clear what is not to be heard any more",
        broken(31931),
        "note",
        codes=(31931,),
    ),
    Rule(
        "bot-messages",
        "Streams",
        "31950, 31951: messages of the bot that cannot be used",
        "binary frames, no UTF-8, no JSON, an unknown event or another stream's SID",
        "send text frames with the events of Twilio's Media Streams",
        broken(31950, 31951),
        "note",
        codes=(31950, 31951),
    ),
)
