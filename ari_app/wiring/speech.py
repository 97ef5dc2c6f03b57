"""The speech engines that the settings ask for, behind one speaker."""

from __future__ import annotations

import importlib.util
import ssl
from contextlib import AsyncExitStack

import aiohttp

from ari_app.media.cache import MediaCache
from ari_app.media.sound import Sound
from ari_app.node.errors import NodeError
from ari_app.settings import Settings
from ari_app.speech.aws_sign import AwsSigner
from ari_app.speech.engine import SpeechEngine
from ari_app.speech.espeak import EspeakEngine
from ari_app.speech.openai import OpenAiEngine
from ari_app.speech.piper import PiperEngine
from ari_app.speech.polly import PollyEngine
from ari_app.speech.speaker import Speaker


async def make_speaker(
    stack: AsyncExitStack,
    settings: Settings,
    cache: MediaCache,
    tls: ssl.SSLContext | None = None,
) -> Speaker[Sound]:
    """Return the speaker; what it needs is closed with ``stack``.

    Raises NodeError when an engine's library is not installed.
    """
    families = dict(settings.speech_families)
    fallback = settings.speech_fallback
    wanted = {settings.speech_engine, fallback, *families.values()} - {"none"}
    # Not the session that is guarded against private addresses: the operator names these.
    session = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
    )
    engines = {name: _make(name, settings, session) for name in sorted(wanted)}
    return Speaker(
        engines[settings.speech_engine],
        cache,
        families={family: engines[name] for family, name in families.items()},
        fallback=engines.get(fallback),
    )


def _make(name: str, settings: Settings, session: aiohttp.ClientSession) -> SpeechEngine:
    timeout = settings.speech_timeout
    if name == "openai":
        key = settings.openai_speech_key
        return OpenAiEngine(
            session,
            settings.openai_speech_url,
            key=key.get_secret_value() if key else "",
            model=settings.openai_speech_model,
            voices=dict(settings.openai_speech_voices),
            timeout=timeout,
        )
    if name == "piper":
        voices = dict(settings.piper_voices)
        return PiperEngine(session, settings.piper_url, voices=voices, timeout=timeout)
    if name == "polly":
        if importlib.util.find_spec("botocore") is None:
            raise NodeError("speech engine polly needs botocore: pip install 'ariswitch[polly]'")
        region = settings.polly_region
        return PollyEngine(
            session,
            region,
            AwsSigner("polly", region),
            endpoint=settings.polly_endpoint,
            timeout=timeout,
        )
    return EspeakEngine(timeout=timeout)
