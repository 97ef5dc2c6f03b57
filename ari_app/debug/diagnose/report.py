"""What became of a call, in about five lines of plain English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from ari_app.debug.diagnose.case import Case, Verb
from ari_app.debug.diagnose.rule import seconds
from ari_app.debug.diagnose.table import Finding, diagnose

#: More findings than that are only counted.
MOST = 3
#: A verb that was over so shortly before is still the one that failed, seconds.
_JUST = 0.05
_WORDS = {"failed": "Failed", "missing": "Missing", "note": "Note"}


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One finding; ``at`` is in seconds since the call's beginning."""

    rule: str
    grade: str
    at: float
    what: str
    why: str
    fix: str
    verb: str = ""
    count: int = 1


class Report(msgspec.Struct, frozen=True):
    """A whole call. ``healthy``: nothing failed and nothing was missing."""

    call: str
    what: str
    when: str
    healthy: bool
    findings: tuple[Told, ...] = ()
    went: str = ""

    def lines(self, *, everything: bool = False) -> Iterator[str]:
        """What is shown: every line a paragraph."""
        yield self.what
        yield self.when
        if self.healthy:
            yield self.went
        # The fix of a failure is worth more than a note beside it.
        shown = [one for one in self.findings if self.healthy or one.grade != "note"]
        shown = list(self.findings) if everything else (shown or list(self.findings))[:MOST]
        failed = sum(one.grade == "failed" for one in shown)
        for one in shown:
            yield _finding(one)
            if one.grade == "failed" and failed == 1:
                yield f"  Why: {one.why}."
            yield f"  Fix: {one.fix}."
        if rest := len(self.findings) - len(shown):
            things = "thing" if rest == 1 else "things"
            yield f"{rest} more {things} worth knowing: --all shows them."


def _finding(one: Told) -> str:
    place = f"{one.at:.2f} s in, <{one.verb}>: " if one.verb else f"{one.at:.2f} s in: "
    if one.grade == "missing":
        place = ""
    again = f" (and {one.count - 1} more like it)" if one.count > 1 else ""
    return f"{_WORDS[one.grade]}: {place}{one.what}{again}."


def report(case: Case) -> Report:
    """Diagnose a call and put it in words."""
    findings = diagnose(case)
    told = tuple(_told(case, one) for one in findings)
    healthy = all(one.rule.grade == "note" for one in findings)
    went = f"Nothing failed{'' if case.sid else ' that the events of Asterisk tell'}"
    if words := ", ".join(_went(case)):
        went += f": {words}"
    name = case.sid or case.channel
    return Report(name, _what(case), _when(case), healthy, told, f"{went}." if healthy else "")


def _told(case: Case, one: Finding) -> Told:
    verb = _verb(case.verbs, one.seen.at)
    shown = "" if verb is None or f"<{verb.name}>" in one.seen.words else verb.name
    rule, at = one.rule, round(max(0.0, one.seen.at - case.start), 3)
    return Told(rule.key, rule.grade, at, one.seen.words, rule.cause, rule.fix, shown, one.count)


def _verb(verbs: Sequence[Verb], at: float) -> Verb | None:
    for verb in reversed(verbs):
        if verb.begin <= at and (not verb.end or at <= verb.end + _JUST):
            return verb
    return None


def _what(case: Case) -> str:
    who = f"{case.caller or 'anonymous'} → {case.called or '?'}"
    way = {"inbound": "Inbound call", "outbound-api": "Call made by REST"}.get(
        case.direction, "Inbound call" if case.inbound else "Call"
    )
    name = case.sid or case.channel
    if case.refused:
        state = f"refused with SIP {case.refused}"
    elif case.status in ("", "in-progress", "ringing", "queued", "initiated") and not case.ended:
        state = "still there" if case.answered else "not answered yet"
    else:
        state = case.status or "over"
        state += f", {case.duration} s" if case.duration else ""
        state += f" (SIP {case.sip})" if case.sip and case.sip != 200 else ""
    return f"{way} {who}, {name}: {state}."


def _when(case: Case) -> str:
    begun = datetime.fromtimestamp(case.start, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    parts = [begun]
    if case.answered and case.answered <= case.start:
        parts.append("answered before that")
    elif case.answered:
        parts.append(f"answered after {seconds(case.answered - case.start)}")
    elif case.ended:
        parts.append("never answered")
    if case.ended and case.ended_by and not case.refused:
        parts.append(_ending(case))
    return "; ".join(parts) + "."


def _ending(case: Case) -> str:
    after = f"after {seconds(case.ended - case.start)}"
    if case.ended_by == "far":
        who = "the caller" if case.inbound else "the called party"
        verb = case.verb_at(case.ended)
        during = f", {seconds(case.ended - verb.begin)} into <{verb.name}>" if verb else ""
        return f"{who} hung up {after}{during}"
    last = next((verb for verb in reversed(case.verbs) if not verb.nested), None)
    if last is None:
        return f"we hung up {after}"
    if last.name in ("Hangup", "Reject"):
        return f"<{last.name}> ended it {after}"
    return f"we hung up {after}, with nothing left to do after <{last.name}>"


def _went(case: Case) -> Iterator[str]:
    """What may be said of a healthy call."""
    verbs = [f"<{verb.name}>" for verb in case.verbs if not verb.nested]
    if verbs:
        shown = " ".join(verbs[:6]) + (f" and {len(verbs) - 6} more" if len(verbs) > 6 else "")
        yield f"{shown} ran"
    answered = [one for one in case.webhooks if one.ms is not None]
    if answered:
        slowest = max(one.ms or 0 for one in answered)
        count = f"{len(answered)} webhook{'s' if len(answered) != 1 else ''}"
        yield f"{count} answered, the slowest in {seconds(slowest / 1000)}"
    for stream in case.streams:
        if stream.stats:
            played = stream.stats.get("audio_played", 0) / 8000
            sent = stream.stats.get("media_sent", 0)
            heard = f"{played:.1f} s of the bot played, " if stream.mode == "connect" else ""
            yield f"{heard}{sent} media messages to the bot"
    for sound in case.sounds:
        if not (sound.received or sound.sent):
            continue
        counts = f"{sound.received} RTP packets in, {sound.sent} out, {sound.lost_in} lost"
        yield f"{sound.leg}: {counts}"
