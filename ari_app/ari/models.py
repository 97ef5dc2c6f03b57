"""What ARI's requests answer and its events carry.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from typing import Any

import msgspec


class AdditionalParam(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model AdditionalParam."""

    parameter_name: str = ""
    parameter_value: str = ""


class Application(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Application."""

    name: str = ""
    channel_ids: list[str] = []
    bridge_ids: list[str] = []
    endpoint_ids: list[str] = []
    device_names: list[str] = []
    events_allowed: list[dict[str, Any]] = []
    events_disallowed: list[dict[str, Any]] = []


class AsteriskInfo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model AsteriskInfo."""

    build: BuildInfo | None = None
    system: SystemInfo | None = None
    config: ConfigInfo | None = None
    status: StatusInfo | None = None


class AsteriskPing(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model AsteriskPing."""

    asterisk_id: str = ""
    ping: str = ""
    timestamp: str = ""


class Bridge(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Bridge."""

    id: str = ""
    technology: str = ""
    bridge_type: str = ""
    bridge_class: str = ""
    creator: str = ""
    name: str = ""
    channels: list[str] = []
    video_mode: str | None = None
    video_source_id: str | None = None
    creationtime: str = ""
    bridgevars: dict[str, Any] | None = None


class BuildInfo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model BuildInfo."""

    os: str = ""
    kernel: str = ""
    options: str = ""
    machine: str = ""
    date: str = ""
    user: str = ""


class CallerID(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model CallerID."""

    name: str = ""
    number: str = ""


class Channel(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Channel."""

    id: str = ""
    protocol_id: str = ""
    name: str = ""
    state: str = ""
    caller: CallerID
    connected: CallerID
    accountcode: str = ""
    dialplan: DialplanCEP
    creationtime: str = ""
    language: str = ""
    channelvars: dict[str, Any] | None = None
    caller_rdnis: str | None = None
    tenantid: str | None = None


class ConfigInfo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model ConfigInfo."""

    name: str = ""
    default_language: str = ""
    max_channels: int | None = None
    max_open_files: int | None = None
    max_load: float | None = None
    setid: SetId


class ConfigTuple(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model ConfigTuple."""

    attribute: str = ""
    value: str = ""


class ContactInfo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model ContactInfo."""

    uri: str = ""
    contact_status: str = ""
    aor: str = ""
    roundtrip_usec: str | None = None


class DeviceState(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model DeviceState."""

    name: str = ""
    state: str = ""


class Dialed(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Dialed."""


class DialplanCEP(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model DialplanCEP."""

    context: str = ""
    exten: str = ""
    priority: int = 0
    app_name: str = ""
    app_data: str = ""


class Endpoint(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Endpoint."""

    technology: str = ""
    resource: str = ""
    state: str | None = None
    channel_ids: list[str] = []


class FormatLangPair(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model FormatLangPair."""

    language: str = ""
    format: str = ""


class LiveRecording(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model LiveRecording."""

    name: str = ""
    format: str = ""
    target_uri: str = ""
    state: str = ""
    duration: int | None = None
    talking_duration: int | None = None
    silence_duration: int | None = None
    cause: str | None = None


class LogChannel(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model LogChannel."""

    channel: str = ""
    type: str = ""
    status: str = ""
    configuration: str = ""


class Mailbox(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Mailbox."""

    name: str = ""
    old_messages: int = 0
    new_messages: int = 0


class Module(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Module."""

    name: str = ""
    description: str = ""
    use_count: int = 0
    status: str = ""
    support_level: str = ""


class Peer(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Peer."""

    peer_status: str = ""
    cause: str | None = None
    address: str | None = None
    port: str | None = None
    time: str | None = None


class Playback(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Playback."""

    id: str = ""
    media_uri: str = ""
    next_media_uri: str | None = None
    target_uri: str = ""
    language: str | None = None
    state: str = ""


class RESTHeader(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model RESTHeader."""

    name: str = ""
    value: str = ""


class RESTQueryStringParameter(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model RESTQueryStringParameter."""

    name: str = ""
    value: str = ""


class RESTRequest(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model RESTRequest."""

    type: str = ""
    transaction_id: str = ""
    request_id: str = ""
    method: str = ""
    uri: str = ""
    content_type: str | None = None
    query_strings: list[RESTQueryStringParameter] | None = None
    message_body: str | None = None


class RTPstat(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model RTPstat."""

    txcount: int = 0
    rxcount: int = 0
    txjitter: float | None = None
    rxjitter: float | None = None
    remote_maxjitter: float | None = None
    remote_minjitter: float | None = None
    remote_normdevjitter: float | None = None
    remote_stdevjitter: float | None = None
    local_maxjitter: float | None = None
    local_minjitter: float | None = None
    local_normdevjitter: float | None = None
    local_stdevjitter: float | None = None
    txploss: int = 0
    rxploss: int = 0
    remote_maxrxploss: float | None = None
    remote_minrxploss: float | None = None
    remote_normdevrxploss: float | None = None
    remote_stdevrxploss: float | None = None
    local_maxrxploss: float | None = None
    local_minrxploss: float | None = None
    local_normdevrxploss: float | None = None
    local_stdevrxploss: float | None = None
    rtt: float | None = None
    maxrtt: float | None = None
    minrtt: float | None = None
    normdevrtt: float | None = None
    stdevrtt: float | None = None
    local_ssrc: int = 0
    remote_ssrc: int = 0
    txoctetcount: int = 0
    rxoctetcount: int = 0
    channel_uniqueid: str = ""


class ReferTo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model ReferTo."""

    requested_destination: RequiredDestination
    destination_channel: Channel | None = None
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


class ReferredBy(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model ReferredBy."""

    source_channel: Channel
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


class RequiredDestination(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model RequiredDestination."""

    protocol_id: str | None = None
    destination: str | None = None
    additional_protocol_params: list[AdditionalParam] | None = None


class SetId(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model SetId."""

    user: str = ""
    group: str = ""


class Sound(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Sound."""

    id: str = ""
    text: str | None = None
    formats: list[FormatLangPair] = []


class StatusInfo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model StatusInfo."""

    startup_time: str = ""
    last_reload_time: str = ""


class StoredRecording(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model StoredRecording."""

    name: str = ""
    format: str = ""


class SystemInfo(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model SystemInfo."""

    version: str = ""
    entity_id: str = ""


class TextMessage(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model TextMessage."""

    from_: str = msgspec.field(name="from", default="")
    to: str = ""
    body: str = ""
    variables: dict[str, Any] | None = None


class Variable(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Variable."""

    value: str = ""


class Variables(msgspec.Struct, kw_only=True, frozen=True):
    """ARI model Variables."""

    variables: dict[str, Any] = {}
