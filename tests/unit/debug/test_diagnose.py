"""Each symptom of the table is seen in a call that has it, and not in one that is well.

`golden/*.explain.txt` is what is said of the recorded calls; `ARISWITCH_GOLDEN=write` writes anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ari_app.debug.diagnose import RULES, read_case, report
from ari_app.debug.diagnose.case import Case, Hole, Leg, Sound, Stream, Trouble, Verb, Webhook
from ari_app.debug.diagnose.page import filled
from ari_app.debug.diagnose.table import diagnose, explain_code
from ari_app.debug.ladder import pick, tell
from ari_app.debug.record import Item
from ari_app.debug.sources import recorded
from ari_app.errors import ERRORS

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[3]
BOT, WEB = "wss://bot.example/s", "https://shop.example/voice"


def a_call(**changes: Any) -> Case:
    """A healthy call of ten seconds, its beginning at 100."""
    base = Case(
        start=100.0, over=110.0, sid="CA1", channel="c1", caller="+1", called="+2",
        direction="inbound", status="completed", duration="10", answered=100.5, ended=109.5,
        ended_by="far", verbs=[Verb("Say", 100.1, 109.5, "cancelled")],
        webhooks=[Webhook(100.0, WEB, {}, True, ms=20, status=200)],
        spoken_to=True, listened_to=True, sounds=[Sound("c1", "phone", 450, 450, 0, 0, 1.0)],
    )  # fmt: skip
    return replace(base, **changes)


def stream(**changes: Any) -> Stream:
    stats = {"audio_queued": 800, "rtp_received": 400, "messages_received": 9}
    base = Stream("MZ1", BOT, 101.0, connected=101.1, stopped=109.0, cause="requested", stats=stats)
    return replace(base, **changes)


def failed_stream(code: int, message: str) -> Case:
    broken = stream(connected=0.0, stopped=101.2, cause="error", code=code, message=message)
    trouble = Trouble(101.25, code, message, BOT)
    return a_call(streams=[broken], troubles=[trouble])


def failed_webhook(code: int, message: str = "it failed", status: int = 0) -> Case:
    hook = Webhook(
        100.0, WEB, {}, True, ms=120, status=status, code=code, error=f"{code} {message}"
    )
    return a_call(
        webhooks=[hook], troubles=[Trouble(100.12, code, message, WEB)], verbs=[], ended_by="app"
    )


def leg(**changes: Any) -> Case:
    base = Leg("+15550123", 101.0, over=105.0, status="failed")
    return a_call(legs=[replace(base, **changes)])


def silent(**stats: int) -> Case:
    counts = {"audio_queued": 0, "audio_played": 0, "messages_received": 0, "rtp_received": 400}
    return a_call(streams=[stream(stats=counts | stats)])


def sound(**changes: Any) -> Case:
    return a_call(sounds=[replace(a_call().sounds[0], **changes)])


GATHER = Verb("Gather", 101.0, 106.0, "end")
CONNECT = Verb("Connect", 100.9, 101.3, "end")

#: Rule → a call that has the symptom, and words of what is said of it.
CASES: dict[str, tuple[Callable[[], Case], str]] = {
    "number-unknown": (lambda: a_call(refused=404, refusal="no such number"), "SIP 404: no such"),
    "caller-forbidden": (lambda: a_call(refused=403, refusal="not allowed"), "SIP 403: not"),
    "draining": (lambda: a_call(refused=503, refusal="node is draining"), "draining"),
    "store-away": (lambda: a_call(refused=503, refusal="store failed: x"), "store failed"),
    "hung-up-early": (
        lambda: a_call(verbs=[Verb("Connect", 109.1, 109.5, "cancelled")]),
        "hung up 400 ms after <Connect> began",
    ),
    "gather-nothing": (
        lambda: a_call(verbs=[GATHER, Verb("Say", 106.0, 109.5, "cancelled")]),
        "<Gather> had no input for 5.0 s; <Say> followed",
    ),
    "app-restarted": (lambda: a_call(away=[(103.0, 104.5)]), "of the call, away for 1.5 s"),
    "beginning-missing": (lambda: a_call(complete=False), "beginning"),
    "time-limit": (lambda: a_call(troubles=[Trouble(109, 32015, "over 10 s")]), "over 10 s"),
    "asterisk-refused": (
        lambda: a_call(denied=[(101.0, "POST /channels/c1/play", 500, "no such file")]),
        "refused POST /channels/c1/play: no such file (500)",
    ),
    "webhook-refused": (lambda: failed_webhook(11202), "it failed after 120 ms (error 11202)"),
    "webhook-timeout": (lambda: failed_webhook(11203), "11203"),
    "webhook-status": (lambda: failed_webhook(11200, "answered 500", 500), "answered 500 after"),
    "webhook-private": (lambda: failed_webhook(11205, "a private or special address"), "private"),
    "webhook-lost": (lambda: failed_webhook(11205, "connection lost"), "lost after 120 ms"),
    "webhook-dns": (lambda: failed_webhook(11210), "11210"),
    "webhook-tls": (lambda: failed_webhook(11237), "11237"),
    "webhook-redirects": (lambda: failed_webhook(11215), "11215"),
    "no-url": (lambda: failed_webhook(11100), "11100"),
    "bad-twiml": (lambda: failed_webhook(12100), f"{WEB}: it failed after 120 ms (error 12100)"),
    "no-fallback": (lambda: failed_webhook(12300), "no fallback URL is set"),
    "unusable-audio": (lambda: a_call(troubles=[Trouble(101, 13420, "x.wav")]), "x.wav"),
    "not-supported": (lambda: a_call(troubles=[Trouble(101, 13750, "<Pay>")]), "<Pay>"),
    "callback-failed": (lambda: a_call(troubles=[Trouble(101, 15003, "given up")]), "given up"),
    "slow-webhook": (
        lambda: a_call(webhooks=[Webhook(100, WEB, {}, True, ms=4200, status=200)]),
        "took 4.2 s to answer",
    ),
    "webhook-waiting": (
        lambda: a_call(webhooks=[Webhook(105, WEB, {}, True)]),
        "has not answered for 5.0 s",
    ),
    "bot-refused": (
        lambda: failed_stream(31902, "bot.example:443 refused"),
        "refused, after 200 ms of trying (error 31902)",
    ),
    "bot-timeout": (lambda: failed_stream(31901, "silent"), "31901"),
    "bot-dns": (lambda: failed_stream(31904, "bot does not resolve: x"), "does not resolve"),
    "bot-private": (lambda: failed_stream(31904, "bot is a private address"), "private"),
    "bot-unreachable": (lambda: failed_stream(31904, "no route to host"), "no route"),
    "bot-tls": (lambda: failed_stream(31910, "certificate not valid"), "certificate"),
    "bot-handshake": (lambda: failed_stream(31920, "bot answered 403"), "answered 403"),
    "bot-closed": (lambda: failed_stream(31921, "closed with 1011"), "1011"),
    "bot-protocol": (lambda: failed_stream(31924, "bad frame"), "bad frame"),
    "bot-url": (
        lambda: a_call(troubles=[Trouble(101, 31922, "scheme 'http' is not wss", BOT)]),
        "bot wss://bot.example/s: scheme 'http'",
    ),
    "stream-away": (lambda: failed_stream(31900, "ended while the app was away"), "away"),
    "stream-failed": (lambda: failed_stream(31900, "the media worker is gone"), "worker is gone"),
    "nothing-follows": (
        lambda: replace(failed_stream(31902, "x"), verbs=[CONNECT], ended_by="app"),
        "no verb follows <Connect>",
    ),
    "bot-silent": (silent, "connected for 7.9 s, sent no message at all"),
    "bot-deaf": (lambda: silent(audio_queued=800, rtp_received=0), "no audio came to be"),
    "bot-pending": (
        lambda: a_call(streams=[stream(connected=0.0, stats={})]),
        "was not there yet after 8.0 s",
    ),
    "bot-slow": (lambda: a_call(troubles=[Trouble(101, 31930, "reads too slowly")]), "slowly"),
    "bot-floods": (lambda: a_call(troubles=[Trouble(101, 31931, "queued")]), "queued"),
    "bot-messages": (lambda: a_call(troubles=[Trouble(101, 31951, "no JSON")]), "no JSON"),
    "callee-busy": (
        lambda: leg(sip=486, status="busy", rang=True),
        "+15550123 was busy after 4.0 s of ringing (SIP 486)",
    ),
    "callee-absent": (lambda: leg(status="no-answer"), "did not answer after 4.0 s"),
    "callee-declined": (lambda: leg(sip=603, status="busy"), "declined after 4.0 s (SIP 603)"),
    "callee-unknown": (lambda: leg(sip=404), "not known there"),
    "callee-codec": (lambda: leg(sip=488), "no codec in common"),
    "callee-forbidden": (lambda: leg(sip=407), "refused us"),
    "callee-failed": (lambda: leg(sip=503), "could not be reached after 4.0 s (SIP 503)"),
    "bad-callee": (lambda: a_call(troubles=[Trouble(101, 13224, "no way to it")]), "no way"),
    "dial-unhandled": (
        lambda: replace(leg(sip=503), verbs=[Verb("Dial", 100.9, 105.1, "end")]),
        "no verb follows: the call ended",
    ),
    "no-audio-in": (lambda: sound(received=0), "sent no audio packet in 9.0 s"),
    "no-audio-out": (lambda: sound(sent=0), "no audio packet to the phone"),
    "audio-stalls": (
        lambda: a_call(holes=[Hole(104.0, 1.2, "nothing came for 1200 ms")]),
        "nothing came for 1200 ms",
    ),
    "audio-loss": (lambda: sound(lost_in=50, jitter=44.0), "10.0 % of the packets from it"),
    "overload": (lambda: a_call(lag=(105.0, 2.5)), "an event came 2.5 s after"),
    "late-media": (
        lambda: a_call(streams=[stream(stats={**stream().stats, "rtp_late": 40})]),
        "40 of 400 packets",
    ),
}  # fmt: skip


NAMES = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))
#: Members of channels and events that not every branch of Asterisk has.
NEWER = ("protocol_id", "tech_cause", "app_name", "app_data", "creationtime", "accountcode")


def without(data: Any, names: tuple[str, ...]) -> Any:
    if isinstance(data, dict):
        return {key: without(one, names) for key, one in data.items() if key not in names}
    return [without(one, names) for one in data] if isinstance(data, list) else data


@pytest.mark.parametrize("name", NAMES)
def test_an_older_asterisk_tells_less_and_the_same_is_said(name: str) -> None:
    items = recorded(GOLDEN / f"{name}.jsonl")
    older = [
        msgspec.structs.replace(item, data=without(item.data, NEWER))
        if item.kind == "event"
        else item
        for item in items
    ]
    assert report(read_case(pick(older), older)) == report(read_case(pick(items), items))


@pytest.mark.parametrize("name", NAMES)
def test_of_events_alone_no_more_is_said_than_they_tell(name: str) -> None:
    """As an Asterisk tells whose application is another one."""
    items = [
        msgspec.structs.replace(item, call="", source="attach")
        for item in recorded(GOLDEN / f"{name}.jsonl")
        if item.kind == "event"
    ]
    told = report(read_case(pick(items), items))
    whole = report(read_case(pick(recorded(GOLDEN / f"{name}.jsonl"))))
    assert told.what.partition(",")[0] == whole.what.partition(",")[0]
    assert ("the caller hung up" in told.when) == ("the caller hung up" in whole.when)
    if told.healthy:
        assert told.went.startswith("Nothing failed that the events of Asterisk tell")


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    items = recorded(GOLDEN / f"{name}.jsonl")
    text = "".join(f"{line}\n" for line in report(read_case(pick(items), items)).lines())
    path = GOLDEN / f"{name}.explain.txt"
    if os.environ.get("ARISWITCH_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_a_healthy_call_is_said_to_be_one() -> None:
    told = report(a_call())
    assert (told.healthy, told.findings) == (True, ())
    assert "\n".join(told.lines()).splitlines() == [
        "Inbound call +1 → +2, CA1: completed, 10 s.",
        "1970-01-01 00:01:40 UTC; answered after 500 ms; the caller hung up after 9.5 s, "
        "9.4 s into <Say>.",
        "Nothing failed: <Say> ran, 1 webhook answered, the slowest in 20 ms, phone: 450 RTP "
        "packets in, 450 out, 0 lost.",
    ]


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == {rule.key for rule in RULES}


@pytest.mark.parametrize("key", CASES)
def test_a_symptom_is_seen_and_has_a_fix(key: str) -> None:
    make, words = CASES[key]
    told = report(make())
    [finding] = [one for one in told.findings if one.rule == key]
    assert words in finding.what
    lines = list(told.lines(everything=True))
    place = next(n for n, line in enumerate(lines) if words in line)
    assert any(finding.fix in line for line in lines[place : place + 3])


def test_other_numbers_are_told_by_their_table() -> None:
    told = report(a_call(troubles=[Trouble(101, 13212, "timeout is not a number")]))
    [finding] = told.findings
    assert (finding.rule, finding.fix) == ("error-13212", ERRORS[13212].likely_cause)


def test_a_fallback_that_answers_is_no_failure_left_alone() -> None:
    case = failed_webhook(11200)
    case.webhooks.append(Webhook(100.2, WEB, {"ErrorCode": "11200"}, True, ms=9, status=200))
    case.verbs = [Verb("Say", 100.3, 109.5, "cancelled")]
    [finding] = diagnose(case)
    assert finding.rule.key == "webhook-status"
    assert finding.seen.words.endswith("(error 11200); its fallback answered")


def test_each_code_belongs_to_one_rule_and_is_one_of_the_table() -> None:
    codes = [code for rule in RULES for code in rule.codes]
    assert len(codes) == len(set(codes))
    assert set(codes) - {31960} <= set(ERRORS)


def test_the_page_s_example_is_what_is_said() -> None:
    page = (ROOT / "docs" / "ari-debug.md").read_text()
    assert (GOLDEN / "trouble.explain.txt").read_text() in page


def test_an_error_number_is_explained_without_a_call() -> None:
    text = explain_code("31920")
    assert text is not None
    assert "Fix: look at the bot's log" in text
    assert explain_code("13212") is not None
    assert explain_code("12") is None


def test_the_app_s_absence_in_the_middle_of_a_call_is_seen() -> None:
    def note(at: float, kind: str, **data: Any) -> Item:
        return Item(at=at, source="tap", kind="note", type=kind, data=data)

    begun = {"from": "+1", "to": "+2", "direction": "inbound", "status": "ringing"}
    mine = [
        Item(at=100.0, kind="note", type="call-begun", call="CA1", channel="c1", data=begun),
        Item(at=120.0, kind="note", type="call-completed", call="CA1", channel="c1", data=begun),
    ]
    around = [note(90, "lost"), note(91, "connected"), note(103, "lost"), note(105, "connected")]
    assert read_case(mine, [*mine, *around]).away == [(103, 105)]
    # From the new app's memory, which is whole: its beginning cannot be there.
    told = note(130, "attached", started=104.0, first=1)
    assert read_case(mine[1:], [told, mine[1]]).away == [(120, 104)]
    forgetful = note(130, "attached", started=50.0, first=7)
    assert not read_case(mine[1:], [forgetful, mine[1]]).complete


def test_a_call_that_is_taken_up_by_a_new_app_is_said_to_be() -> None:
    """All that the new app's tap has: the call begins as answered."""
    data = {"from": "+1", "to": "+2", "direction": "inbound", "status": "in-progress"}
    mine = [
        Item(at=100.0, kind="note", type="call-begun", call="CA1", channel="c1", data=data),
        Item(at=120.0, kind="note", type="call-completed", call="CA1", channel="c1", data=data),
    ]
    told = report(read_case(mine))
    assert "answered before that" in told.when
    assert [one.rule for one in told.findings] == ["app-restarted"]
    assert "is taken up again" in tell(mine).rows[0].label
    # A recording of both lives: the loss of the tap and the taking up are one.
    lost = Item(at=110.0, source="tap", kind="note", type="lost")
    back = Item(at=112.0, source="tap", kind="note", type="connected")
    again = msgspec.structs.replace(mine[0], at=112.5)
    first = msgspec.structs.replace(mine[0], data={**data, "status": "ringing"})
    whole = [first, again, mine[1]]
    assert read_case(whole, [*whole, lost, back]).away == [(110.0, 112.0)]
    assert read_case(whole).away == [(112.5, 112.5)]


def test_the_troubleshooting_page_has_the_rules() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    assert filled(text) == text, "run: python -m ari_app.debug.diagnose.page"
    sections = set(re.findall(r"<!-- rules: (.+?) -->", text))
    assert sections == {rule.section for rule in RULES}


def test_settings_and_pages_that_a_fix_names_are_there() -> None:
    known = (ROOT / "docs" / "configuration.md").read_text()
    for rule in RULES:
        for name in re.findall(r"ARISWITCH_[A-Z_]+", rule.fix + rule.cause):
            assert f"`{name}`" in known, (rule.key, name)
        for name in re.findall(r"docs/[\w-]+\.md", rule.fix + rule.cause):
            assert (ROOT / name).exists(), (rule.key, name)
