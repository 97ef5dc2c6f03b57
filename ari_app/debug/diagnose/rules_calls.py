"""Rules of the call itself: refused, hung up, torn by a restart, and what a callee answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ari_app.debug.diagnose.case import Case, Leg
from ari_app.debug.diagnose.rule import Rule, Seen, seconds
from ari_app.debug.diagnose.rules_web import fetched

#: A caller who goes within this time of a verb's beginning has not heard it to its end, seconds.
EARLY = 3.0
_CODEC = (415, 488, 606)
_BUSY = (486, 600)
_ABSENT = (408, 480, 487)
_UNKNOWN = (404, 410, 484, 604)
_DECLINED = (603,)
_FORBIDDEN = (401, 402, 403, 407)
#: ISDN causes for what Asterisk tells no SIP status of.
_CAUSES = {17: 486, 18: 408, 19: 480, 1: 404, 21: 603, 58: 488, 65: 488, 79: 488, 88: 488}


def refused(*statuses: int, says: str = "", never: str = "") -> Callable[[Case], Iterator[Seen]]:
    """Look for a caller turned away with a SIP status, and ``says`` in the reason."""

    def look(case: Case) -> Iterator[Seen]:
        fits = says in case.refusal and not (never and never in case.refusal)
        if case.refused in statuses and fits:
            yield Seen(case.start, f"refused with SIP {case.refused}: {case.refusal}")

    return look


def _called(case: Case) -> Iterator[Leg]:
    """Everybody who was called: of `Dial`, and the other end of a call made by REST."""
    yield from case.legs
    if not case.inbound and not any(leg.to == case.called for leg in case.legs):
        yield Leg(case.called, case.start, case.over, case.status, case.sip, answered=case.answered)


def _answered(*statuses: int) -> Callable[[Leg], bool]:
    def fits(leg: Leg) -> bool:
        return (leg.sip or _CAUSES.get(leg.cause, 0)) in statuses

    return fits


def _nobody_came(leg: Leg) -> bool:
    return leg.status == "no-answer" or (
        leg.status not in ("busy", "canceled", "failed") and _answered(*_ABSENT)(leg)
    )


def _otherwise(leg: Leg) -> bool:
    known = (*_CODEC, *_BUSY, *_UNKNOWN, *_DECLINED, *_FORBIDDEN)
    return leg.status in ("failed", "busy") and not _answered(*known)(leg)


def dialled(fits: Callable[[Leg], bool], words: str) -> Callable[[Case], Iterator[Seen]]:
    """Look for legs that were called and did not answer, for a reason that ``fits``."""

    def look(case: Case) -> Iterator[Seen]:
        for leg in _called(case):
            if leg.answered or leg.status in ("completed", "in-progress", "") or not fits(leg):
                continue
            if leg.status == "canceled":
                continue  # another one answered, or the caller had gone
            code = f" (SIP {leg.sip})" if leg.sip else f" (cause {leg.cause})" if leg.cause else ""
            after = f" after {seconds(leg.over - leg.at)}" if leg.over > leg.at else ""
            rang = " of ringing" if leg.rang and after else ""
            yield Seen(leg.over or leg.at, f"{leg.to} {words}{after}{rang}{code}")

    return look


def _codec(case: Case) -> Iterator[Seen]:
    yield from dialled(_answered(*_CODEC), "has no codec in common with us")(case)
    for at, status, words in case.sip_answers:
        if status in _CODEC:
            yield Seen(at, f"the call was answered {words}: no codec in common")


def _early(case: Case) -> Iterator[Seen]:
    if case.ended_by != "far" or not case.inbound:
        return
    if not case.answered:
        text = f"the caller gave up after {seconds(case.ended - case.start)}, before any answer"
        yield Seen(case.ended, text)
        return
    verb = case.verb_at(case.ended)
    talked = any(one.stats.get("audio_played") for one in case.streams)
    if verb is not None and case.ended - verb.begin < EARLY and not talked:
        after = seconds(case.ended - verb.begin)
        yield Seen(case.ended, f"the caller hung up {after} after <{verb.name}> began")


def _gathered_nothing(case: Case) -> Iterator[Seen]:
    for verb in case.verbs:
        if verb.name != "Gather" or verb.state != "end":
            continue
        typed = any(verb.begin <= at <= verb.end for at in case.keys)
        told = any(
            one.params.get("Digits") or one.params.get("SpeechResult")
            for one in case.webhooks
            if verb.begin <= one.at <= verb.end + 1
        )
        if not typed and not told:
            after = seconds(verb.end - verb.begin)
            following = case.follows(verb.end)
            then = f"<{following.name}> followed" if following else "nothing followed"
            yield Seen(verb.end, f"<Gather> had no input for {after}; {then}")


def _away(case: Case) -> Iterator[Seen]:
    for left, back in case.away:
        gone = f", away for {seconds(back - left)}" if back > left else ""
        yield Seen(left, f"the app was started anew in the middle of the call{gone}")


def _beginning(case: Case) -> Iterator[Seen]:
    if not case.complete and not case.away:
        yield Seen(case.start, "its beginning is not among what is remembered")
    if case.missed:
        yield Seen(case.start, f"{case.missed} items were missed")


def _denied(case: Case) -> Iterator[Seen]:
    for at, what, status, why in case.denied:
        yield Seen(at, f"Asterisk refused {what}: {why} ({status or 'no answer'})")


def _nothing_follows(case: Case) -> Iterator[Seen]:
    """A dial without success, and neither an action nor a verb for that case."""
    for verb in case.verbs:
        tried = [leg for leg in case.legs if verb.begin <= leg.at <= (verb.end or leg.at)]
        if verb.name != "Dial" or verb.state != "end" or verb.attributes.get("action"):
            continue
        if tried and not any(leg.answered for leg in tried) and case.follows(verb.end) is None:
            outcome = ", ".join(f"{leg.to}: {leg.status}" for leg in tried)
            text = f"<Dial> ({outcome}) has no action and no verb follows: the call ended"
            yield Seen(verb.end, text)


CALLS: tuple[Rule, ...] = (
    Rule(
        "number-unknown",
        "Calls",
        "SIP 404 to the caller",
        "the number is not configured (`call.refused` names it)",
        "add the number: IncomingPhoneNumbers by REST, or `[[numbers]]`; a carrier may send it "
        "without +, or with 00",
        refused(404),
    ),
    Rule(
        "caller-forbidden",
        "Calls",
        "SIP 403 to the caller",
        "his address is not in `ARISWITCH_SIP_ALLOW`, he came past the gateways, or the account is "
        "not active",
        "add the carrier's addresses to `ARISWITCH_SIP_ALLOW`",
        refused(403),
    ),
    Rule(
        "draining",
        "Calls",
        "SIP 503 at once",
        "the node is draining (`/health` says so)",
        "send calls to another node, or start this one again",
        refused(503, says="draining"),
    ),
    Rule(
        "store-away",
        "Calls",
        "SIP 503 after some seconds",
        "SQL does not answer: a call that cannot be remembered is not taken. See `reason` in "
        "`call.refused`",
        "see whether the database runs and its disk has room",
        refused(503, never="draining"),
    ),
    Rule(
        "hung-up-early",
        "Calls",
        "the caller goes at once",
        "silence or ringing that was too long, or nothing that he expected",
        "look at the ladder for what he heard until then: slow webhooks, a slow bot, no audio",
        _early,
        "note",
    ),
    Rule(
        "gather-nothing",
        "Calls",
        "`<Gather>` ends without input",
        "no key came: a phone that sends keys neither by RFC 4733 nor INFO, a timeout that is too "
        "short, or nobody pressed any",
        "put a verb behind `<Gather>` for this case, or set actionOnEmptyResult; see with "
        "`ari-debug tail type:ChannelDtmf*` whether keys come",
        _gathered_nothing,
        "note",
    ),
    Rule(
        "app-restarted",
        "Calls",
        "a verb begins anew in the middle of a call",
        "the app was started again and took the call up",
        "see why the app ended: `log/app.log`",
        _away,
        "note",
    ),
    Rule(
        "beginning-missing",
        "Calls",
        "the beginning of a call is not told",
        "the tap keeps a bounded memory (`ARISWITCH_TAP_ITEMS`), or the reader was too slow",
        "ask sooner, raise `ARISWITCH_TAP_ITEMS`, or have `ari-debug record` run",
        _beginning,
        "note",
    ),
    Rule(
        "time-limit",
        "Calls",
        "32015: the call reached its time limit",
        "TimeLimit of the call",
        "raise TimeLimit, if that was too early",
        fetched(32015),
        "note",
        codes=(32015,),
    ),
    Rule(
        "asterisk-refused",
        "Calls",
        "12400, or Asterisk refuses a request",
        "the channel was in another state than the app thought, a module is missing, or a fault of "
        "the switch",
        "see `log/app.log` and `log/asterisk.log` at that time; `ari-debug doctor` looks for "
        "missing modules",
        lambda case: _either(case, fetched(12400), _denied),
        codes=(12400,),
    ),
)


def _either(case: Case, *looks: Callable[[Case], Iterator[Seen]]) -> Iterator[Seen]:
    for look in looks:
        yield from look(case)


DIAL: tuple[Rule, ...] = (
    Rule(
        "callee-busy",
        "Dial",
        "busy (SIP 486, 600)",
        "the callee talks, or rejected the call",
        "let `<Dial action>` handle DialCallStatus=busy",
        dialled(_answered(*_BUSY), "was busy"),
        "note",
    ),
    Rule(
        "callee-absent",
        "Dial",
        "no-answer (SIP 408, 480, 487)",
        "nobody picked up in time, or the phone is not registered",
        "raise `timeout` if it was too short; let `<Dial action>` handle DialCallStatus=no-answer",
        dialled(_nobody_came, "did not answer"),
        "note",
    ),
    Rule(
        "callee-declined",
        "Dial",
        "declined (SIP 603)",
        "the callee, or the carrier's fraud protection, does not want the call",
        "ask the carrier when the person says it never rang",
        dialled(_answered(*_DECLINED), "declined"),
        "note",
    ),
    Rule(
        "callee-unknown",
        "Dial",
        "failed (SIP 404, 410, 484, 604)",
        "no such number, or not written as the carrier wants it",
        "write numbers as E.164 (+15551234567); see `ARISWITCH_OUTBOUND_SIP_URI`",
        dialled(_answered(*_UNKNOWN), "is not known there"),
    ),
    Rule(
        "callee-codec",
        "Dial",
        "failed (SIP 488, 415, 606): no codec in common",
        "the other end offers or takes neither G.711 µ-law nor A-law, or demands SRTP",
        "allow PCMU or PCMA (and plain RTP) there",
        _codec,
    ),
    Rule(
        "callee-forbidden",
        "Dial",
        "failed (SIP 401, 403, 407)",
        "the carrier does not take our credentials, our address or the caller ID",
        "check user and password of `<Sip>` or SipAuthUsername, the carrier's list of addresses, "
        "and callerId",
        dialled(_answered(*_FORBIDDEN), "refused us"),
    ),
    Rule(
        "callee-failed",
        "Dial",
        "failed (SIP 5xx, or no answer to INVITE at all)",
        "the carrier is down or overloaded, or its address is wrong",
        "check `ARISWITCH_OUTBOUND_SIP_URI`; `sngrep` or `--pcap` shows whether anything answers",
        dialled(_otherwise, "could not be reached"),
    ),
    Rule(
        "bad-callee",
        "Dial",
        "13214, 13223, 13224, 13243, 13247, 13254: a number or address that is not called",
        "not E.164, no way to it, a host that is private or does not resolve, or a callerId "
        "that is not ours",
        "correct the number or address, or callerId; calls to numbers need "
        "`ARISWITCH_OUTBOUND_SIP_URI`",
        fetched(13214, 13223, 13224, 13243, 13247, 13254),
        codes=(13214, 13223, 13224, 13243, 13247, 13254),
    ),
    Rule(
        "dial-unhandled",
        "Dial",
        "the caller is cut off when nobody answers",
        "`<Dial>` has neither an action nor a verb after it",
        "set `action` and answer by DialCallStatus, or put a `<Say>` or `<Record>` behind `<Dial>`",
        _nothing_follows,
        "missing",
    ),
)
