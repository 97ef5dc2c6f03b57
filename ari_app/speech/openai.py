"""Speech by any server that speaks OpenAI's ``POST /v1/audio/speech``.

Source: OpenAI, API reference, "Create speech"; many self-hosted servers take the same request.
It knows no markup: words are sent, and breaks are put between as silence.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from ari_app.errors import TwilioError
from ari_app.speech.engine import Plan, Utterance
from ari_app.speech.http_engine import HttpEngine
from ari_app.speech.plain import plain_parts, spoken
from ari_app.speech.voice_map import VoiceMap

MAX_TEXT = 4096
"""Characters of one request."""
DEFAULT_VOICES = {"man": "onyx", "woman": "nova"}


class OpenAiEngine:
    """``url`` is the base with ``/v1``. ``voices`` see ``VoiceMap``; without a fitting row, the
    gender's default speaks: such voices speak any language their model knows."""

    name = "openai"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        key: str = "",
        model: str = "tts-1",
        voices: Mapping[str, str] | None = None,
        timeout: float = 15.0,
    ) -> None:
        self._http = HttpEngine(self.name, session, timeout)
        self._url = f"{url.rstrip('/')}/audio/speech"
        self._key = key
        self._model = model
        self._voices = VoiceMap({**DEFAULT_VOICES, **(voices or {})})

    async def version(self) -> str:
        """Nothing says when a model changes under its name."""
        return ""

    async def plan(self, utterance: Utterance) -> Plan:
        """Choose a voice of the table; markup becomes words and silence."""
        return Plan(
            self._voices.find(utterance.voice),
            plain_parts(utterance, MAX_TEXT),
            (self._url, self._model),
        )

    async def synthesize(self, plan: Plan) -> bytes:
        """Return a WAV. Raises TwilioError 12400, or 13520 when the server refuses the text."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}

        async def say(text: str) -> bytes:
            body = {
                "model": self._model,
                "input": text,
                "voice": plan.voice,
                "response_format": "wav",
            }
            return await self._http.audio(self._url, body, headers, _refusal)

        return await spoken(plan.parts, say)


def _refusal(status: int, _: Mapping[str, str], content: bytes) -> TwilioError | None:
    """400 and 422 are about what was sent; the rest (key, quota, fault) about the server."""
    if status not in (400, 422):
        return None
    words = " ".join(content[:300].decode(errors="replace").split())
    return TwilioError(13520, f"the speech server refused the text: {words}")
