"""Media over a WebSocket (Twilio: <Stream>)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twiml.markup import Element
from twiml.messages import cut
from twiml.model import TwimlError
from twiml.schema import Attribute, Reader, Spec
from twiml.urls import stream_url
from twiml.values import Method, method, string, url
from twiml.verbs import parameter

UNKNOWN_CONNECTOR = 31940
INVALID_TRACK = 31941

#: What the caller says, what the caller hears, or both; Connect takes the first only.
TRACKS = ("inbound_track", "outbound_track", "both_tracks")

URL = Attribute(
    "url",
    url,
    "",
    note="wss://, in development ws:// too; a query string is not passed on",
    shown="required",
)
NAME: Attribute[str | None] = Attribute("name", string, None, shown="the stream's SID")
TRACK = Attribute(
    "track", string, "inbound_track", note="under Connect anything else is error 31941"
)
STATUS_CALLBACK: Attribute[str | None] = Attribute(
    "statusCallback", url, None, note="absolute address"
)
STATUS_CALLBACK_METHOD: Attribute[Method] = Attribute("statusCallbackMethod", method, "POST")
CONNECTOR_NAME: Attribute[str | None] = Attribute(
    "connectorName", string, None, status="rejected", note="error 31940: use url"
)
AUDIO_FORMAT: Attribute[str | None] = Attribute(
    "audioFormat", string, None, status="ignored", note="the wire is always µ-law"
)
SAMPLE_RATE: Attribute[str | None] = Attribute(
    "sampleRate", string, None, status="ignored", note="the wire is always 8000 Hz"
)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as written: ``url`` and ``track`` are unchecked until ``target`` is asked."""

    url: str
    name: str | None = None
    track: str = "inbound_track"
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    connector_name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False, kw_only=True)

    def target(
        self,
        base: str | None = None,
        *,
        keep_query: bool = False,
        allow_ws: bool = True,
        one_way: bool = False,
    ) -> str:
        """Return the address to connect to; see ``stream_url``.

        ``one_way`` is for ``<Start>``, where any track may be sent; ``<Connect>`` sends the
        caller's only. Raises TwimlError 31940 for a connector, 31941 for another track,
        31922 and 31923 for a bad address.
        """
        if self.connector_name is not None:
            name = cut(self.connector_name)
            raise TwimlError(UNKNOWN_CONNECTOR, f"unknown stream connector {name!r}", self.line)
        if self.track not in (TRACKS if one_way else TRACKS[:1]):
            where = "Start" if one_way else "Connect"
            allowed = " or ".join(TRACKS) if one_way else f"{TRACKS[0]} only"
            raise TwimlError(
                INVALID_TRACK,
                f"track {cut(self.track)!r}: <{where}><Stream> takes {allowed}",
                self.line,
            )
        try:
            return stream_url(self.url, keep_query, base=base, allow_ws=allow_ws)
        except TwimlError as error:
            raise TwimlError(error.code, error.message, self.line) from None


SPEC = Spec(
    "Stream",
    (
        URL,
        NAME,
        TRACK,
        STATUS_CALLBACK,
        STATUS_CALLBACK_METHOD,
        CONNECTOR_NAME,
        AUDIO_FORMAT,
        SAMPLE_RATE,
    ),
    children=(parameter.SPEC,),
    note="both ways, 8000 Hz µ-law; the call goes on when the socket closes",
)

#: The noun under Start.
ONE_WAY_SPEC = replace(
    SPEC,
    attributes=tuple(
        replace(item, note=" or ".join(TRACKS) + "; anything else is error 31941")
        if item is TRACK
        else item
        for item in SPEC.attributes
    ),
    note="one way, 8000 Hz µ-law, beside the verbs that follow",
)


def build(element: Element, reader: Reader, spec: Spec = SPEC) -> Stream:
    """Make the noun."""
    values = reader.read(element, spec)
    return Stream(
        url=values[URL],
        name=values[NAME] or None,
        track=values[TRACK],
        status_callback=values[STATUS_CALLBACK] or None,
        status_callback_method=values[STATUS_CALLBACK_METHOD],
        connector_name=values[CONNECTOR_NAME] or None,
        parameters=parameter.parameters(element, reader),
        line=element.line,
    )
