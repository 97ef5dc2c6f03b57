"""All rules, in the order in which they are shown; and those that fit a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ari_app.debug.diagnose.case import Case
from ari_app.debug.diagnose.rule import Grade, Rule, Seen
from ari_app.debug.diagnose.rules_audio import AUDIO, MACHINE
from ari_app.debug.diagnose.rules_calls import CALLS, DIAL
from ari_app.debug.diagnose.rules_streams import RULES as STREAMS
from ari_app.debug.diagnose.rules_web import RULES as WEB
from ari_app.debug.diagnose.rules_web import fetched
from ari_app.errors import ERRORS, describe

RULES: tuple[Rule, ...] = (*CALLS, *WEB, *STREAMS, *DIAL, *AUDIO, *MACHINE)

#: Where it matters first; what was missing stands behind the failure that it did not catch.
_ORDER: dict[Grade, int] = {"failed": 0, "missing": 0, "note": 1}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fits, with what was seen of it first, and how often."""

    rule: Rule
    seen: Seen
    count: int = 1


def diagnose(case: Case) -> list[Finding]:
    """Return what the rules find: failures and what was missing in time, then notes."""
    found = [
        Finding(rule, seen[0], len(seen))
        for rule in (*RULES, *_others(case))
        if (seen := sorted(rule.look(case), key=lambda one: one.at))
    ]
    return sorted(
        found, key=lambda one: (_ORDER[one.rule.grade], one.seen.at, one.rule.grade == "missing")
    )


def _others(case: Case) -> Iterator[Rule]:
    """Rules for the numbers that no rule speaks for: Twilio's table says what they mean."""
    known = {code for rule in RULES for code in rule.codes}
    for code in dict.fromkeys(one.code for one in case.troubles):
        if code not in known:
            yield rule_of(code)


def rule_of(code: int) -> Rule:
    """The rule that speaks for one of Twilio's numbers."""
    for rule in RULES:
        if code in rule.codes:
            return rule
    info = describe(code)
    grade: Grade = "failed" if info.level == "error" else "note"
    return Rule(
        f"error-{code}",
        "Webhooks and TwiML",
        f"{code}: {info.text}",
        info.text,
        info.likely_cause,
        fetched(code),
        grade,
        (code,),
    )


def explain_code(word: str) -> str | None:
    """What is known of one of Twilio's error numbers; None when it is none of the table."""
    if not word.isdigit() or int(word) not in ERRORS:
        return None
    code = int(word)
    info, rule = describe(code), rule_of(code)
    parts = [f"{code}  (Twilio's number of an {info.level})", f"{info.text}: {info.likely_cause}"]
    if not rule.key.startswith("error-"):
        parts += [f"Why: {rule.cause}.", f"Fix: {rule.fix}."]
    return "\n\n".join(parts)
