"""Attributes that several verbs and nouns share: what is told of calls and recordings."""

from __future__ import annotations

from typing import Any

from twiml.schema import Attribute
from twiml.values import link, listed, method, one_of, string

TRIMS = ("trim-silence", "do-not-trim")

STATUS_CALLBACK: tuple[Attribute[Any], ...] = (
    Attribute("statusCallback", link, None),
    Attribute("statusCallbackMethod", method, "POST"),
    Attribute(
        "statusCallbackEvent",
        listed("initiated", "ringing", "answered", "completed"),
        ("completed",),
        note="initiated, ringing, answered, completed",
        shown="`completed`",
    ),
)

RECORDING_CALLBACK: tuple[Attribute[Any], ...] = (
    Attribute("recordingStatusCallback", link, None, 13256),
    Attribute("recordingStatusCallbackMethod", method, "POST"),
    Attribute(
        "recordingStatusCallbackEvent",
        listed("in-progress", "completed", "absent"),
        ("completed",),
        13621,
        "in-progress, completed, absent",
        shown="`completed`",
    ),
)

RECORDING_CONFIGURATION: Attribute[str | None] = Attribute(
    "recordingConfigurationId", string, None, status="ignored"
)


def trim(default: str, code: int) -> Attribute[str]:
    """Return the attribute ``trim``."""
    return Attribute("trim", one_of(*TRIMS), default, code)


def track(name: str, default: str, code: int) -> Attribute[str]:
    """Return the attribute that names the recorded side."""
    return Attribute(name, one_of("inbound", "outbound", "both"), default, code)
