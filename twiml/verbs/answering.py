"""Answering machine detection on a dialled noun (Twilio: Number, Sip)."""

from __future__ import annotations

from typing import Any

from twiml.schema import Attribute
from twiml.values import link, method, one_of, whole

MODES = one_of("Enable", "DetectMessageEnd")
MS = "milliseconds"

AMD: tuple[Attribute[Any], ...] = (
    Attribute(
        "machineDetection", MODES, None, note="Enable or DetectMessageEnd; wants amdStatusCallback"
    ),
    Attribute("amdStatusCallback", link, None, note="told who answered"),
    Attribute("amdStatusCallbackMethod", method, "POST"),
    Attribute("machineDetectionTimeout", whole(3, 59), 30, note="seconds"),
    Attribute("machineDetectionSpeechThreshold", whole(1000, 6000), 2400, note=MS),
    Attribute("machineDetectionSpeechEndThreshold", whole(500, 5000), 1200, note=MS),
    Attribute("machineDetectionSilenceTimeout", whole(2000, 10000), 5000, note=MS),
)
