"""ARI's events, told apart by their `type`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ari_app.ari.models import (
    Bridge,
    Channel,
    ContactInfo,
    DeviceState,
    Endpoint,
    LiveRecording,
    Peer,
    Playback,
    ReferredBy,
    ReferTo,
    TextMessage,
)


class Event(msgspec.Struct, kw_only=True, frozen=True):
    """What every event carries."""

    asterisk_id: str | None = None
    application: str = ""
    timestamp: str = ""

    @property
    def type(self) -> str:
        """ARI's name of the event."""
        return self.__class__.__name__


class ApplicationMoveFailed(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ApplicationMoveFailed."""

    channel: Channel
    destination: str = ""
    args: list[str] = []


class ApplicationRegistered(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ApplicationRegistered."""


class ApplicationReplaced(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ApplicationReplaced."""


class ApplicationUnregistered(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ApplicationUnregistered."""


class BridgeAttendedTransfer(Event, tag=True, kw_only=True, frozen=True):
    """ARI event BridgeAttendedTransfer."""

    transferer_first_leg: Channel
    transferer_second_leg: Channel
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    transfer_target: Channel | None = None
    result: str = ""
    is_external: bool = False
    transferer_first_leg_bridge: Bridge | None = None
    transferer_second_leg_bridge: Bridge | None = None
    destination_type: str = ""
    destination_bridge: str | None = None
    destination_application: str | None = None
    destination_link_first_leg: Channel | None = None
    destination_link_second_leg: Channel | None = None
    destination_threeway_channel: Channel | None = None
    destination_threeway_bridge: Bridge | None = None


class BridgeBlindTransfer(Event, tag=True, kw_only=True, frozen=True):
    """ARI event BridgeBlindTransfer."""

    channel: Channel
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    exten: str = ""
    context: str = ""
    result: str = ""
    is_external: bool = False
    bridge: Bridge | None = None


class BridgeCreated(Event, tag=True, kw_only=True, frozen=True):
    """ARI event BridgeCreated."""

    bridge: Bridge


class BridgeDestroyed(Event, tag=True, kw_only=True, frozen=True):
    """ARI event BridgeDestroyed."""

    bridge: Bridge


class BridgeMerged(Event, tag=True, kw_only=True, frozen=True):
    """ARI event BridgeMerged."""

    bridge: Bridge
    bridge_from: Bridge


class BridgeVideoSourceChanged(Event, tag=True, kw_only=True, frozen=True):
    """ARI event BridgeVideoSourceChanged."""

    bridge: Bridge
    old_video_source_id: str | None = None


class CallBroadcast(Event, tag=True, kw_only=True, frozen=True):
    """ARI event CallBroadcast."""

    channel: Channel
    caller: str | None = None
    called: str | None = None


class CallClaimed(Event, tag=True, kw_only=True, frozen=True):
    """ARI event CallClaimed."""

    channel: Channel
    winner_app: str = ""


class ChannelCallerId(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelCallerId."""

    caller_presentation: int = 0
    caller_presentation_txt: str = ""
    channel: Channel


class ChannelConnectedLine(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelConnectedLine."""

    channel: Channel


class ChannelCreated(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelCreated."""

    channel: Channel


class ChannelDestroyed(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelDestroyed."""

    cause: int = 0
    cause_txt: str = ""
    tech_cause: int | None = None
    channel: Channel


class ChannelDialplan(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelDialplan."""

    channel: Channel
    dialplan_app: str = ""
    dialplan_app_data: str = ""


class ChannelDtmfReceived(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelDtmfReceived."""

    digit: str = ""
    duration_ms: int = 0
    channel: Channel


class ChannelEnteredBridge(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelEnteredBridge."""

    bridge: Bridge
    channel: Channel | None = None


class ChannelHangupRequest(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelHangupRequest."""

    cause: int | None = None
    tech_cause: int | None = None
    soft: bool | None = None
    channel: Channel


class ChannelHold(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelHold."""

    channel: Channel
    musicclass: str | None = None


class ChannelLeftBridge(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelLeftBridge."""

    bridge: Bridge
    channel: Channel


class ChannelStateChange(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelStateChange."""

    channel: Channel


class ChannelTalkingFinished(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelTalkingFinished."""

    channel: Channel
    duration: int = 0


class ChannelTalkingStarted(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelTalkingStarted."""

    channel: Channel


class ChannelToneDetected(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelToneDetected."""

    channel: Channel


class ChannelTransfer(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelTransfer."""

    state: str | None = None
    refer_to: ReferTo
    referred_by: ReferredBy


class ChannelUnhold(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelUnhold."""

    channel: Channel


class ChannelUserevent(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelUserevent."""

    eventname: str = ""
    channel: Channel | None = None
    bridge: Bridge | None = None
    endpoint: Endpoint | None = None
    userevent: dict[str, Any] = {}


class ChannelVarset(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ChannelVarset."""

    variable: str = ""
    value: str = ""
    channel: Channel | None = None


class ContactStatusChange(Event, tag=True, kw_only=True, frozen=True):
    """ARI event ContactStatusChange."""

    endpoint: Endpoint
    contact_info: ContactInfo


class DeviceStateChanged(Event, tag=True, kw_only=True, frozen=True):
    """ARI event DeviceStateChanged."""

    device_state: DeviceState


class Dial(Event, tag=True, kw_only=True, frozen=True):
    """ARI event Dial."""

    caller: Channel | None = None
    peer: Channel
    forward: str | None = None
    forwarded: Channel | None = None
    dialstring: str | None = None
    dialstatus: str = ""


class EndpointStateChange(Event, tag=True, kw_only=True, frozen=True):
    """ARI event EndpointStateChange."""

    endpoint: Endpoint


class MissingParams(Event, tag=True, kw_only=True, frozen=True):
    """ARI event MissingParams."""

    params: list[str] = []


class PeerStatusChange(Event, tag=True, kw_only=True, frozen=True):
    """ARI event PeerStatusChange."""

    endpoint: Endpoint
    peer: Peer


class PlaybackContinuing(Event, tag=True, kw_only=True, frozen=True):
    """ARI event PlaybackContinuing."""

    playback: Playback


class PlaybackFinished(Event, tag=True, kw_only=True, frozen=True):
    """ARI event PlaybackFinished."""

    playback: Playback


class PlaybackStarted(Event, tag=True, kw_only=True, frozen=True):
    """ARI event PlaybackStarted."""

    playback: Playback


class RESTResponse(Event, tag=True, kw_only=True, frozen=True):
    """ARI event RESTResponse."""

    transaction_id: str = ""
    request_id: str = ""
    status_code: int = 0
    reason_phrase: str = ""
    uri: str = ""
    content_type: str | None = None
    message_body: str | None = None


class RecordingFailed(Event, tag=True, kw_only=True, frozen=True):
    """ARI event RecordingFailed."""

    recording: LiveRecording


class RecordingFinished(Event, tag=True, kw_only=True, frozen=True):
    """ARI event RecordingFinished."""

    recording: LiveRecording


class RecordingStarted(Event, tag=True, kw_only=True, frozen=True):
    """ARI event RecordingStarted."""

    recording: LiveRecording


class StasisEnd(Event, tag=True, kw_only=True, frozen=True):
    """ARI event StasisEnd."""

    channel: Channel


class StasisStart(Event, tag=True, kw_only=True, frozen=True):
    """ARI event StasisStart."""

    args: list[str] = []
    channel: Channel
    replace_channel: Channel | None = None


class TextMessageReceived(Event, tag=True, kw_only=True, frozen=True):
    """ARI event TextMessageReceived."""

    message: TextMessage
    endpoint: Endpoint | None = None


AnyEvent = (
    ApplicationMoveFailed
    | ApplicationRegistered
    | ApplicationReplaced
    | ApplicationUnregistered
    | BridgeAttendedTransfer
    | BridgeBlindTransfer
    | BridgeCreated
    | BridgeDestroyed
    | BridgeMerged
    | BridgeVideoSourceChanged
    | CallBroadcast
    | CallClaimed
    | ChannelCallerId
    | ChannelConnectedLine
    | ChannelCreated
    | ChannelDestroyed
    | ChannelDialplan
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelHangupRequest
    | ChannelHold
    | ChannelLeftBridge
    | ChannelStateChange
    | ChannelTalkingFinished
    | ChannelTalkingStarted
    | ChannelToneDetected
    | ChannelTransfer
    | ChannelUnhold
    | ChannelUserevent
    | ChannelVarset
    | ContactStatusChange
    | DeviceStateChanged
    | Dial
    | EndpointStateChange
    | MissingParams
    | PeerStatusChange
    | PlaybackContinuing
    | PlaybackFinished
    | PlaybackStarted
    | RESTResponse
    | RecordingFailed
    | RecordingFinished
    | RecordingStarted
    | StasisEnd
    | StasisStart
    | TextMessageReceived
)
