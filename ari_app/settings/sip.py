"""SIP and the audio of calls."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from ari_app.settings.kinds import (
    CommaList,
    IpAddress,
    IpNetwork,
    Port,
    comma_list,
    field,
    networks,
)

Codec = Literal["ulaw", "alaw", "g722", "gsm"]


class SipSettings(BaseModel):
    """Ports, sources, codecs and where calls go."""

    sip_port: Port = field(5060, "SIP, UDP and TCP, when no gateway is in front")
    sip_allow: Annotated[tuple[IpNetwork, ...] | None, CommaList] = field(
        None,
        "Networks that may call in, comma-separated (`,`: none); others are answered 403",
        shown="loopback; private networks too when bound beyond loopback",
    )
    sip_gateways: Annotated[tuple[IpNetwork, ...], CommaList] = field(
        (),
        "Networks of the SIP gateways in front, comma-separated: calls come through them alone, "
        "and they say who called",
        shown="none: callers call directly",
    )
    sip_proxy: str | None = field(
        None, "SIP gateway that all calls out go through, `host:port`", shown="none"
    )
    sip_codecs: Annotated[tuple[Codec, ...], CommaList] = field(
        ("ulaw", "alaw"),
        "Codecs taken, best first: the answer holds the first that the caller offers too",
        shown="`ulaw,alaw`",
    )
    external_address: IpAddress | None = field(
        None, "Address that peers see when this node is behind NAT", shown="none"
    )
    rtp_port_range: Annotated[tuple[int, int], NoDecode()] = field(
        (20000, 29999), "UDP ports of calls' audio, `first-last`", shown="`20000-29999`"
    )
    outbound_sip_uri: str | None = field(
        None,
        "Where calls to numbers go, e.g. `sip:{number}@127.0.0.1:5090`",
        shown="none: calls to numbers are refused",
    )
    client_sip_uri: str | None = field(
        None,
        "Where `<Dial><Client>` goes, e.g. `sip:{client}@127.0.0.1:5091`",
        shown="none: no client is registered",
    )

    @field_validator("sip_proxy")
    @classmethod
    def _proxy(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[0-9A-Za-z._\[\]:-]+:[0-9]{1,5}", value):
            raise ValueError("write it as host:port")
        return value

    @field_validator("sip_allow", "sip_gateways", "sip_codecs", mode="before")
    @classmethod
    def _sip_lists(cls, value: Any, info: ValidationInfo) -> Any:
        return comma_list(value) if info.field_name == "sip_codecs" else networks(value)

    @field_validator("rtp_port_range", mode="before")
    @classmethod
    def _range(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        first, dash, last = value.partition("-")
        if not (dash and first.strip().isdigit() and last.strip().isdigit()):
            raise ValueError("write it as first-last, e.g. 20000-29999")
        return int(first), int(last)

    @field_validator("outbound_sip_uri", "client_sip_uri")
    @classmethod
    def _outbound(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not re.fullmatch(r"sips?:[^\s,\"'<>&|]+", value):
            what = "client" if info.field_name == "client_sip_uri" else "number"
            raise ValueError(f"write it as sip:{{{what}}}@host:port")
        return value
