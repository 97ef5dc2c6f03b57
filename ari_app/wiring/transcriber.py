"""Speech to text where no engine is."""

from __future__ import annotations

from ari_app.errors import TwilioError

NO_SPEECH = 13340


class NoTranscriber:
    """Implements the call room's ``Transcriber`` by refusing."""

    async def transcribe(self, pcm: bytes, language: str) -> str:
        """Raises TwilioError 13340."""
        raise TwilioError(NO_SPEECH, "no speech recognition is available")
