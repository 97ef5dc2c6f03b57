"""Text to speech and speech to text."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, SecretStr, field_validator

from ari_app.settings.kinds import CommaList, Url, field

SpeechEngineName = Literal["espeak", "openai", "piper", "polly"]
#: Families of voice names, by what stands before the dot.
FAMILIES = ("basic", "polly", "google")


class SpeechSettings(BaseModel):
    """Engines, their servers and voices."""

    speech_engine: SpeechEngineName = field(
        "espeak", "Engine of `<Say>`: `espeak`, `openai`, `piper` or `polly`"
    )
    speech_families: Annotated[tuple[tuple[str, str], ...], CommaList] = field(
        (),
        "Other engines for one family of voices (`basic`, `polly`, `google`), comma-separated, "
        "e.g. `polly=polly,google=openai`",
        shown="none: all by the engine",
    )
    speech_fallback: SpeechEngineName | Literal["none"] = field(
        "espeak", "Engine that speaks when another one fails; `none`: the verb fails"
    )
    speech_timeout: Annotated[float, Field(gt=0, le=120)] = field(
        15.0, "Longest wait for a speech engine, seconds"
    )
    openai_speech_url: Url = field(
        "https://api.openai.com/v1",
        "Base URL of a server with OpenAI's `/audio/speech`; it may be private",
    )
    openai_speech_key: SecretStr | None = field(None, "Its API key", shown="none")
    openai_speech_model: str = field("tts-1", "Its model")
    openai_speech_voices: Annotated[tuple[tuple[str, str], ...], CommaList] = field(
        (),
        "Its voices, comma-separated: a voice of Twilio's, `es-MX/woman`, `es`, `man` or `woman` "
        "`=` a voice of the server's",
        shown="`man=onyx,woman=nova`",
    )
    piper_url: Url = field(
        "http://127.0.0.1:5000", "Piper's own HTTP server (`python -m piper.http_server`)"
    )
    piper_voices: Annotated[tuple[tuple[str, str], ...], CommaList] = field(
        (),
        "Its voices, written as for `openai_speech_voices`",
        shown="its first voice of the language",
    )
    polly_region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] = field(
        "us-east-1",
        "AWS region of Polly; credentials as for every AWS program: environment, profile, role",
    )
    polly_endpoint: Url = field("", "Another address for Polly", shown="Amazon's of the region")

    recognizer: Literal["pocketsphinx", "openai", "none"] = field(
        "pocketsphinx", "Speech to text: `pocketsphinx` (embedded, English), `openai` or `none`"
    )
    recognizer_limit: Annotated[int, Field(ge=1, le=1000)] = field(
        8, "Most tracks that are recognised at a time; each takes up to half a core"
    )
    openai_transcription_url: Url = field(
        "https://api.openai.com/v1",
        "Base URL of a server with OpenAI's `/audio/transcriptions`; it may be private",
    )
    openai_transcription_key: SecretStr | None = field(None, "Its API key", shown="none")
    openai_transcription_model: str = field("whisper-1", "Its model")

    @field_validator("speech_families", "openai_speech_voices", "piper_voices", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """`a=b,c=d`, or a table of the file."""
        if isinstance(value, dict):
            return tuple(value.items())
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(equals and name.strip() and other.strip() for name, equals, other in pairs):
            raise ValueError("write it as name=value,name=value")
        return tuple((name.strip(), other.strip()) for name, _, other in pairs)

    @field_validator("speech_families")
    @classmethod
    def _families(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for family, engine in value:
            if family not in FAMILIES or engine not in get_args(SpeechEngineName):
                raise ValueError(
                    f"{family}={engine}: a family ({', '.join(FAMILIES)}) = an engine"
                    f" ({', '.join(get_args(SpeechEngineName))})"
                )
        return value
