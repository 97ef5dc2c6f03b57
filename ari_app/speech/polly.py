"""Speech by Amazon Polly: ``SynthesizeSpeech`` over HTTP, signed by botocore (extra ``polly``).

Source: Amazon Polly, API reference, SynthesizeSpeech; AWS, Signature Version 4. Credentials are
found as every AWS program finds them: environment, profile, role of the machine.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import msgspec

from ari_app.errors import TwilioError
from ari_app.speech.engine import Part, Plan, Utterance, Warnings
from ari_app.speech.http_engine import HttpEngine
from ari_app.speech.plain import pieces, spoken, wav
from ari_app.speech.polly_markup import clean, write
from ari_app.speech.voice_names import POLLY_NEURAL_ONLY
from ari_app.speech.voices import DEFAULT_LANGUAGE, Voice, base, polly_for

RATE = 16000
MAX_TEXT = 2900
"""Characters of one request: Polly bills at most 3,000."""
MAX_MARKUP = 5900
"""Characters of markup, tags included: at most 6,000."""

_CODES = {
    "EngineNotSupportedException": 13511,
    "LanguageNotSupportedException": 13512,
    "InvalidSsmlException": 13520,
    "SsmlMarksNotSupportedForTextTypeException": 13520,
    "TextLengthExceededException": 13521,
}


class Signer(Protocol):
    """Signs a request of ``polly`` in one region."""

    def __call__(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Any:
        """Return the headers to send. May look credentials up: runs in a thread."""
        ...


class PollyEngine:
    """Polly in ``region``; ``endpoint`` is for a private endpoint instead of Amazon's own."""

    name = "polly"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        region: str,
        sign: Signer,
        *,
        endpoint: str = "",
        timeout: float = 15.0,
    ) -> None:
        self._http = HttpEngine(self.name, session, timeout)
        host = (endpoint or f"https://polly.{region}.amazonaws.com").rstrip("/")
        self._url = f"{host}/v1/speech"
        self._sign = sign

    async def version(self) -> str:
        """Nothing says when Amazon trains a voice anew."""
        return ""

    async def plan(self, utterance: Utterance) -> Plan:
        """Name Polly's voice and engine; other voices are spoken by Polly's first of their
        language and gender. Warns with 13512 when Polly has not the language."""
        voice, warnings = _choose(utterance.voice)
        engine = voice.quality or (
            "neural" if voice.name.lower() in POLLY_NEURAL_ONLY else "standard"
        )
        parts: tuple[Part, ...]
        if utterance.markup is not None:
            marked = write(utterance.markup, engine)
            if len(marked) <= MAX_MARKUP and len(utterance.text) <= MAX_TEXT:
                return Plan(voice.name, (marked,), (engine, "ssml"), warnings)
            warnings += ((13521, "too long for Polly's markup: the words alone are spoken"),)
        parts = tuple(pieces(clean(utterance.text), MAX_TEXT))
        return Plan(voice.name, parts, (engine, "text"), warnings)

    async def synthesize(self, plan: Plan) -> bytes:
        """Return a WAV of 16 kHz.

        Raises TwilioError: 13511 Polly has not this voice with this engine, 13520 and 13521 it
        refuses the text, 12400 anything else, credentials included.
        """
        engine, kind = plan.options

        async def say(text: str) -> bytes:
            body = msgspec.json.encode(
                {
                    "Engine": engine,
                    "OutputFormat": "pcm",
                    "SampleRate": str(RATE),
                    "Text": text,
                    "TextType": kind,
                    "VoiceId": plan.voice,
                }
            )
            plain = {"Content-Type": "application/json"}
            headers = await asyncio.to_thread(self._sign, "POST", self._url, body, plain)
            return wav(await self._http.ask("POST", self._url, body, headers, _refusal), RATE)

        return await spoken(plan.parts, say)


def _choose(voice: Voice) -> tuple[Voice, Warnings]:
    if voice.family == "polly":
        return voice, ()
    if found := polly_for(voice.language, voice.gender):
        return found, ()
    text = f"Polly does not speak {base(voice.language)!r}: {DEFAULT_LANGUAGE} is spoken"
    found = polly_for(DEFAULT_LANGUAGE, voice.gender)
    if found is None:
        raise TwilioError(13512, text)
    return found, ((13512, text),)


def _refusal(status: int, headers: Mapping[str, str], content: bytes) -> TwilioError | None:
    """Polly's exceptions that are about the request; ``x-amzn-errortype`` names them."""
    kind = headers.get("x-amzn-errortype", "").partition(":")[0]
    words = " ".join(content[:300].decode(errors="replace").split())
    code = _CODES.get(kind)
    if code is None and status == 400 and kind == "ValidationException":
        code = 13511 if re.search(r"voice", words, re.I) else 13520
    return TwilioError(code, f"Polly: {kind}: {words}") if code else None
