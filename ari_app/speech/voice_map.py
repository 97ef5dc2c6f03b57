"""The operator's table of voices for engines whose voices nobody else knows."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.speech.voices import Voice, base

_SEPARATOR = "/"


class VoiceMap:
    """Looks voices up by what they are called, by language and by gender.

    Keys are, from the most to the least telling: a name of Twilio's (``Polly.Joanna-Neural``,
    then ``Polly.Joanna``, ``alice``), ``es-MX/woman``, ``es-MX``, ``es/woman``, ``es``,
    ``woman``. Case does not matter.
    """

    def __init__(self, voices: Mapping[str, str]) -> None:
        self._voices = {key.lower(): value for key, value in voices.items()}

    def find(self, voice: Voice) -> str:
        """Return the engine's name of a voice, empty when the table has nothing that fits."""
        for key in (*self._by_language(voice), voice.gender):
            if found := self._voices.get(key.lower()):
                return found
        return ""

    def find_language(self, voice: Voice) -> str:
        """Return what is named for this voice or its language, leaving out the gender alone."""
        for key in self._by_language(voice):
            if found := self._voices.get(key.lower()):
                return found
        return ""

    def _by_language(self, voice: Voice) -> list[str]:
        name, _, quality = voice.full_name.partition("-")
        names = [voice.full_name]
        if voice.family == "polly" and quality:
            names.append(name)
        # `man` and `woman` mean a gender, and are looked at last.
        names = [one for one in names if one not in ("man", "woman")]
        tags = [voice.language, base(voice.language)]
        return names + [
            key for tag in tags for key in (f"{tag}{_SEPARATOR}{voice.gender}", tag) if tag
        ]
