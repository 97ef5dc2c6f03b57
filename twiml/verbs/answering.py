"""Answering machine detection on a dialled noun: known, without effect here."""

from __future__ import annotations

from twiml.schema import Attribute
from twiml.values import string

NOTE = "answering machines are not detected"

AMD: tuple[Attribute[str | None], ...] = tuple(
    Attribute(name, string, None, status="ignored", note=NOTE)
    for name in (
        "machineDetection",
        "amdStatusCallback",
        "amdStatusCallbackMethod",
        "machineDetectionTimeout",
        "machineDetectionSpeechThreshold",
        "machineDetectionSpeechEndThreshold",
        "machineDetectionSilenceTimeout",
    )
)
