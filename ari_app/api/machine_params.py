"""The parameters of answering machine detection (Twilio: Call create, Participant create)."""

from __future__ import annotations

from ari_app.api.params import Params
from ari_app.api.ports import ApiError
from ari_app.model import MachineDetection

BAD = 21234


def read_detection(params: Params, callback: str) -> MachineDetection | None:
    """Read them; ``callback`` is the key of the URL that is told.

    None when they ask for nothing, or for keys after the answer, as Twilio does. Raises ApiError
    400/21234.
    """
    mode = params.text("MachineDetection")
    if not mode or mode.lower() == "none" or params.text("SendDigits"):
        return None
    if mode not in ("Enable", "DetectMessageEnd"):
        raise ApiError(400, BAD, "MachineDetection is not valid: Enable or DetectMessageEnd")

    def number(key: str, default: int, least: int, most: int) -> int:
        name = f"MachineDetection{key}"
        return params.number(name, default, least=least, most=most, code=BAD)

    return MachineDetection(
        until_end=mode == "DetectMessageEnd",
        timeout=number("Timeout", 30, 3, 59),
        speech_threshold=number("SpeechThreshold", 2400, 1000, 6000),
        speech_end_threshold=number("SpeechEndThreshold", 1200, 500, 5000),
        silence_timeout=number("SilenceTimeout", 5000, 2000, 10_000),
        callback=params.endpoint(callback, f"{callback}Method", (21205, 21209)),
    )


def read_call_detection(params: Params) -> MachineDetection | None:
    """Read those of ``POST /Calls``: beside the document with ``AsyncAmd=true``, else before it.

    An asynchronous one that nobody is told of is none.
    """
    found = read_detection(params, "AsyncAmdStatusCallback")
    if found is None or params.flag("AsyncAmd"):
        return found if found and found.callback else None
    return MachineDetection(
        until_end=found.until_end,
        timeout=found.timeout,
        speech_threshold=found.speech_threshold,
        speech_end_threshold=found.speech_end_threshold,
        silence_timeout=found.silence_timeout,
    )
