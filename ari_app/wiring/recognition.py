"""Speech to text as the call room sees it, and the engine that the settings ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from ari_app.call.speech_ports import ListenRequest, SpeechEvent
from ari_app.errors import TwilioError
from ari_app.recognition import client
from ari_app.recognition.engine import Engine
from ari_app.recognition.messages import Began, Final, Partial, Wanted
from ari_app.recognition.openai import OpenAiEngine
from ari_app.recognition.sphinx import SphinxEngine
from ari_app.settings import Settings


class CallRecognizer:
    """Implements the call room's ``Recognizer``; ``process`` None: there is none."""

    def __init__(self, process: client.RecognizerClient | None) -> None:
        self._process = process

    @asynccontextmanager
    async def listen(self, request: ListenRequest) -> AsyncIterator[CallRecognition]:
        """Begin a recognition; raises TwilioError 13340 and 13331."""
        if self._process is None:
            raise TwilioError(client.DEGRADED, "speech recognition is switched off")
        wanted = Wanted(
            language=request.language,
            hints=request.hints,
            silence=request.silence,
            longest=request.longest,
            numbers=request.numbers,
            partials=request.partials,
            tracks=request.tracks,
        )
        async with self._process.listen(wanted) as running:
            yield CallRecognition(running)

    async def transcribe(self, pcm: bytes, language: str) -> str:
        """Return what is said in a recording, 16-bit PCM at 8 kHz; raises TwilioError."""
        if self._process is None:
            raise TwilioError(client.DEGRADED, "speech recognition is switched off")
        return await self._process.transcribe(pcm, Wanted(language=language))


class CallRecognition:
    """A running recognition in the call room's words."""

    def __init__(self, running: client.Recognition) -> None:
        self._running = running
        self.url = running.url

    async def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        async for event in self._running:
            match event:
                case Began():
                    yield SpeechEvent("began", event.track)
                case Partial():
                    yield SpeechEvent("partial", event.track, event.text, stability=event.stability)
                case Final():
                    yield SpeechEvent("final", event.track, event.text, event.confidence)
                case _:
                    pass


def make_recognizer(settings: Settings) -> CallRecognizer:
    """Return what calls ask."""
    if settings.recognizer == "none":
        return CallRecognizer(None)
    return CallRecognizer(client.RecognizerClient(settings.recognizer_socket))


def make_engine(settings: Settings, stack: AsyncExitStack) -> Engine:
    """Return the engine of the recogniser process; must be called inside its event loop."""
    if settings.recognizer == "openai":
        # Not the session that is guarded against private addresses: the operator names it.
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        stack.push_async_callback(session.close)
        key = settings.openai_transcription_key
        return OpenAiEngine(
            session,
            settings.openai_transcription_url,
            key=key.get_secret_value() if key else "",
            model=settings.openai_transcription_model,
            timeout=settings.speech_timeout,
        )
    return SphinxEngine(settings.recognizer_limit)
