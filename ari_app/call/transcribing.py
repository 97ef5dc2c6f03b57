"""Live transcription of a call, beside whatever its verbs do.

Twilio: ``<Start><Transcription>``, Call Transcriptions resource, transcription status callbacks.
The engine is the switch's own, whichever is named.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
import structlog

from ari_app.call.background import Job, NameTakenError, TooManyJobsError
from ari_app.call.context import CallContext
from ari_app.call.oneway import TRACKS
from ari_app.call.speech import AUTO_SILENCE, hear
from ari_app.call.speech_ports import ListenRequest, SpeechEvent
from ari_app.errors import TwilioError
from ari_app.params import iso8601
from twiml import Transcription

log = structlog.get_logger(__name__)

KIND = "transcription"
#: Transcriptions of one call at a time: each takes a recogniser a track.
MAX_TRANSCRIPTIONS = 2
ENGINES = ("google", "deepgram")
UNKNOWN_ENGINE = 32650
DEGRADED = 13340
BAD_URL = 11100


def start_transcription(ctx: CallContext, noun: Transcription, sid: str) -> Job:
    """Start transcribing and return at once.

    Raises TwilioError 11100 for a statusCallbackUrl that is not absolute, 13340 for a name that
    is taken or more than ``MAX_TRANSCRIPTIONS``. An unknown engine is told with 32650.
    """
    url = noun.status_callback_url
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise TwilioError(BAD_URL, "the transcription's statusCallbackUrl must be absolute")
    if noun.transcription_engine not in ENGINES:
        text = f"unknown engine {noun.transcription_engine[:40]!r}: the switch's own is used"
        ctx.problems.report(UNKNOWN_ENGINE, text)
    background, name = ctx.background, noun.name or sid
    if len(background.of(KIND)) >= MAX_TRANSCRIPTIONS:
        raise TwilioError(DEGRADED, f"a call has at most {MAX_TRANSCRIPTIONS} transcriptions")
    try:
        return background.start(KIND, name, _Transcriber(ctx, noun, sid, name).run, sid=sid)
    except NameTakenError as error:
        raise TwilioError(DEGRADED, f"a transcription named {name!r} runs already") from error
    except TooManyJobsError as error:
        raise TwilioError(DEGRADED, f"the call does too much at a time: {error}") from error


class _Transcriber:
    """One transcription: what is recognised, told to its callback in order."""

    def __init__(self, ctx: CallContext, noun: Transcription, sid: str, name: str) -> None:
        self._ctx = ctx
        self._noun = noun
        self._sid = sid
        self._name = name
        self._sequence = 0

    async def run(self) -> None:
        """Transcribe until the call ends or the job is stopped."""
        noun = self._noun
        request = ListenRequest(
            language=noun.language_code,
            hints=noun.hints,
            silence=AUTO_SILENCE,
            partials=noun.partial_results,
            tracks=TRACKS[noun.track],
        )
        self._tell("started", **self._started())
        try:
            async with hear(self._ctx, request) as events:
                async for event in events:
                    if event.text:
                        self._content(event)
        except TwilioError as error:
            self._tell(
                "error",
                TranscriptionErrorCode=str(error.code),
                TranscriptionError=error.message,
            )
            raise  # reported as the job's failure
        finally:
            self._tell("stopped")

    def _started(self) -> dict[str, str]:
        noun = self._noun
        configuration = {
            "profanityFilter": _text(noun.profanity_filter),
            "speechModel": noun.speech_model,
            "enableAutomaticPunctuation": _text(noun.enable_automatic_punctuation),
            "hints": ", ".join(noun.hints),
        }
        params = {
            "ProviderConfiguration": msgspec.json.encode(configuration).decode(),
            "TranscriptionEngine": noun.transcription_engine,
            "Name": self._name,
            "Track": noun.track,
            "PartialResults": _text(noun.partial_results),
            "LanguageCode": noun.language_code,
        }
        labels = {
            "InboundTrackLabel": noun.inbound_track_label,
            "OutboundTrackLabel": noun.outbound_track_label,
        }
        return params | {name: label for name, label in labels.items() if label}

    def _content(self, event: SpeechEvent) -> None:
        final = event.kind == "final"
        data: dict[str, str | float] = {"transcript": event.text}
        extra = {}
        if final and event.confidence is not None:
            data["confidence"] = event.confidence
        elif not final:
            extra["Stability"] = str(event.stability if event.stability is not None else 0.0)
        self._tell(
            "content",
            LanguageCode=self._noun.language_code,
            Track=f"{event.track}_track",
            TranscriptionData=msgspec.json.encode(data).decode(),
            Final=_text(final),
            **extra,
        )

    def _tell(self, event: str, **params: str) -> None:
        """Queue a callback, if anybody is to be told."""
        ctx, url = self._ctx, self._noun.status_callback_url
        log.info("transcription.event", transcription_sid=self._sid, what=event)
        if not url:
            return
        record = ctx.progress.record
        self._sequence += 1
        told = {
            "AccountSid": record.account_sid,
            "CallSid": record.sid,
            "TranscriptionSid": self._sid,
            "Timestamp": iso8601(ctx.services.now()),
            "SequenceId": str(self._sequence),
            "TranscriptionEvent": f"transcription-{event}",
            **params,
        }
        ctx.journal.later(
            lambda: ctx.services.callbacks.enqueue(
                url=url,
                method=self._noun.status_callback_method,
                params=told,
                account_sid=record.account_sid,
                call_sid=record.sid,
            )
        )


def _text(flag: bool) -> str:
    return "true" if flag else "false"
