"""Speech engines' servers as fakes: they speak tones, and check what they are asked.

The request formats are written from the vendors' pages, not from the clients they test.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import wave
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import msgspec
import numpy as np
from aiohttp import web
from lxml import etree

from ari_app.testing.http_server import Answer

SECONDS_PER_LETTER = 0.05


class SpeechServer(ABC):
    """A server on a free loopback port, an async context manager.

    ``asked`` has the JSON of each request for speech; ``answers`` are given before it speaks
    again, one each.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Base URL without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def routes(self) -> Sequence[web.RouteDef]:
        """What it serves."""

    def speech(
        self, speak: Callable[[web.Request, dict[str, Any]], web.Response]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Wrap a handler: record, then give the scripted answer or speak."""

        async def handle(request: web.Request) -> web.Response:
            self.asked.append(msgspec.json.decode(await request.read()))
            if self.answers:
                answer = self.answers.pop(0)
                if answer.delay == float("inf"):
                    await asyncio.Event().wait()
                if answer.drop and request.transport is not None:
                    request.transport.abort()
                return answer.render()
            return speak(request, self.asked[-1])

        return handle

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


class FakeOpenAi(SpeechServer):
    """``POST /v1/audio/speech`` (OpenAI, API reference, Create speech)."""

    VOICES = frozenset({"alloy", "echo", "fable", "nova", "onyx", "shimmer"})

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self._key = key

    def routes(self) -> Sequence[web.RouteDef]:
        """One path."""
        return [web.post("/v1/audio/speech", self.speech(self._speak))]

    def _speak(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if self._key and request.headers.get("Authorization") != f"Bearer {self._key}":
            return _openai_error(401, "Incorrect API key provided")
        if body["voice"] not in self.VOICES or not 0 < len(body["input"]) <= 4096:
            return _openai_error(400, "Invalid value")
        rate = 24000
        samples = tone(body["input"], rate)
        return web.Response(body=_wav(samples, rate), content_type="audio/wav")


class FakePiper(SpeechServer):
    """``GET /voices`` and ``POST /synthesize`` (piper-tts 1.8, ``http_server.py``)."""

    def __init__(self, *voices: str) -> None:
        super().__init__()
        self.voices = voices or ("de_DE-thorsten-medium", "en_US-amy-low", "en_US-ryan-high")
        self.listed = 0

    def routes(self) -> Sequence[web.RouteDef]:
        """Two paths."""
        return [
            web.get("/voices", self._list),
            web.post("/synthesize", self.speech(self._speak)),
        ]

    async def _list(self, _: web.Request) -> web.Response:
        self.listed += 1
        config = {"audio": {"sample_rate": 22050, "quality": "low"}, "num_speakers": 1}
        return web.json_response(
            {name: {**config, "espeak": {"voice": name[:2]}} for name in self.voices}
        )

    def _speak(self, _: web.Request, body: dict[str, Any]) -> web.Response:
        if not body["text"].strip():
            return web.Response(status=500, text="No text provided")
        rate = 22050
        return web.Response(body=_wav(tone(body["text"], rate), rate), content_type="text/html")


class FakePolly(SpeechServer):
    """``POST /v1/speech`` of Amazon Polly; checks Signature Version 4 as AWS describes it."""

    def __init__(self, key_id: str, secret: str, region: str) -> None:
        super().__init__()
        self._key_id = key_id
        self._secret = secret
        self._region = region

    def routes(self) -> Sequence[web.RouteDef]:
        """One path."""
        return [web.post("/v1/speech", self._checked)]

    async def _checked(self, request: web.Request) -> web.Response:
        if not self._signed(request, await request.read()):
            return _polly_error(403, "InvalidSignatureException", "signature does not match")
        return await self.speech(self._speak)(request)

    def _speak(self, _: web.Request, body: dict[str, Any]) -> web.Response:
        if body["OutputFormat"] != "pcm" or body["SampleRate"] not in ("8000", "16000"):
            return _polly_error(400, "InvalidSampleRateException", "sample rate")
        if body["Engine"] == "generative" and body["VoiceId"] != "Joanna":
            return _polly_error(400, "EngineNotSupportedException", "not this engine")
        text = body["Text"]
        if body["TextType"] == "ssml":
            try:
                text = "".join(map(str, etree.fromstring(text).itertext()))
            except etree.XMLSyntaxError:
                return _polly_error(400, "InvalidSsmlException", "Invalid SSML request")
        if len(text) > 3000:
            return _polly_error(400, "TextLengthExceededException", "Maximum text length")
        samples = tone(text, int(body["SampleRate"]))
        return web.Response(body=samples, content_type="audio/pcm")

    def _signed(self, request: web.Request, body: bytes) -> bool:
        """AWS, "Create a signed AWS API request", steps 1 to 5."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        scope = fields.get("Credential", "").partition("/")[2]
        stamp = request.headers.get("X-Amz-Date", "")
        names = fields.get("SignedHeaders", "")
        signed = [f"{name}:{request.headers.get(name, '').strip()}" for name in names.split(";")]
        asked = [request.method, quote(request.path, safe="/~"), request.query_string]
        canonical = "\n".join([*asked, *signed, "", names, hashlib.sha256(body).hexdigest()])
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self._secret}".encode()
        for part in (stamp[:8], self._region, "polly", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        return (
            scheme == "AWS4-HMAC-SHA256"
            and scope == f"{stamp[:8]}/{self._region}/polly/aws4_request"
            and fields.get("Credential", "").startswith(f"{self._key_id}/")
            and {"host", "x-amz-date"} <= set(names.split(";"))
            and fields.get("Signature") == hmac.digest(key, text.encode(), "sha256").hex()
        )


def tone(text: str, rate: int) -> bytes:
    """16-bit samples: a tone as long as the text, pitched by its first letter."""
    time = np.arange(round(max(1, len(text)) * SECONDS_PER_LETTER * rate)) / rate
    hertz = 300 + 10 * (ord(text[0]) % 64 if text else 0)
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype("<i2").tobytes()


def _wav(samples: bytes, rate: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples)
    return out.getvalue()


def _openai_error(status: int, message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=status)


def _polly_error(status: int, kind: str, message: str) -> web.Response:
    # The name may carry the place of its schema behind a colon.
    headers = {"x-amzn-ErrorType": f"{kind}:http://internal.amazon.com/coral/polly/"}
    return web.json_response({"message": message}, status=status, headers=headers)
