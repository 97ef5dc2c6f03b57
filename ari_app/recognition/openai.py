"""Recognition by any server that speaks OpenAI's ``POST /v1/audio/transcriptions``.

Source: OpenAI, API reference, "Create transcription"; many self-hosted servers (faster-whisper,
whisper.cpp, vLLM …) take the same request. It is asked once an utterance: there are no partials.
"""

from __future__ import annotations

import asyncio
import io
import wave

import aiohttp
import msgspec
import numpy as np

from ari_app.recognition.engine import Heard, RecognitionError
from ari_app.recognition.messages import RATE, Wanted

DEGRADED = 13340
MAX_ANSWER = 1024 * 1024
#: Characters of hints that are sent as the prompt (a model reads some 224 tokens of it).
MAX_PROMPT = 800


class _Segment(msgspec.Struct):
    avg_logprob: float | None = None


class _Answer(msgspec.Struct):
    text: str
    segments: list[_Segment] = []


class OpenAiEngine:
    """``url`` is the base with ``/v1``; ``timeout`` is seconds for one utterance.

    ``session`` must not be the one that is guarded for customers: the operator names this host,
    and it may be private.
    """

    name = "openai"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        key: str = "",
        model: str = "whisper-1",
        timeout: float = 15.0,
    ) -> None:
        self._session = session
        self._url = f"{url.rstrip('/')}/audio/transcriptions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._model = model
        self._timeout = timeout

    def open(self, wanted: Wanted) -> OpenAiEar:
        """Return an ear."""
        return OpenAiEar(self, wanted)

    async def transcribe(self, pcm: bytes, wanted: Wanted) -> Heard:
        """Ask the server; raises RecognitionError 13340."""
        form = aiohttp.FormData()
        form.add_field("file", _wav(pcm), filename="speech.wav", content_type="audio/wav")
        form.add_field("model", self._model)
        form.add_field("response_format", "verbose_json")
        form.add_field("language", wanted.language.split("-")[0].lower())
        if wanted.hints:
            form.add_field("prompt", ", ".join(wanted.hints)[:MAX_PROMPT])
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._session.post(
                    self._url, data=form, headers=self._headers, allow_redirects=False
                ) as answer,
            ):
                body = await answer.content.read(MAX_ANSWER)
                if answer.status != 200:
                    said = " ".join(body[:300].decode(errors="replace").split())
                    raise RecognitionError(DEGRADED, f"the server said {answer.status}: {said}")
                return _heard(msgspec.json.decode(body, type=_Answer))
        except TimeoutError:
            raise RecognitionError(DEGRADED, f"no answer within {self._timeout:g} s") from None
        except (aiohttp.ClientError, OSError, msgspec.MsgspecError) as error:
            raise RecognitionError(DEGRADED, f"the server cannot be asked: {error}") from error


class OpenAiEar:
    """One track."""

    def __init__(self, engine: OpenAiEngine, wanted: Wanted) -> None:
        self._engine = engine
        self._wanted = wanted
        self._pcm = bytearray()

    async def begin(self) -> None:
        """Forget what was before."""
        self._pcm.clear()

    async def feed(self, pcm: bytes) -> str:
        """Keep it; an utterance is bounded by its ``longest``."""
        self._pcm += pcm
        return ""

    async def end(self) -> Heard:
        """Ask the server; raises RecognitionError 13340."""
        return await self._engine.transcribe(bytes(self._pcm), self._wanted)

    def close(self) -> None:
        """Forget all."""
        self._pcm.clear()


def _wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)
    return out.getvalue()


def _heard(answer: _Answer) -> Heard:
    """Return the text, and as confidence the mean probability of its tokens where told."""
    logs = [one.avg_logprob for one in answer.segments if one.avg_logprob is not None]
    confidence = float(np.exp(np.mean(logs))) if logs else None
    return Heard(answer.text.strip(), None if confidence is None else min(1.0, confidence))
