"""What an operator may choose about the client gateway: ``ARISWITCH_GATEWAY_CLIENT_*``."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ari_app.gateway.common_settings import (
    CommonSettings,
    Count,
    Group,
    HostPort,
    Seconds,
    Topology,
)
from ari_app.settings.kinds import AbsolutePath, CommaList, IpAddress, Port, comma_list, field

#: nathelper gives a ping 3 s (ping_threshold), looked at every second. One that is sent again
#: before that is put twice into its list, and OpenSIPS 3.6.8 dies of it.
PingSeconds = Annotated[int, Field(ge=6, le=86_400)]
Realm = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,64}$")]
Algorithm = Literal["MD5", "SHA-256"]


class ClientGatewaySettings(CommonSettings):
    """Addresses, limits and tables of one client gateway; `settings_part` reads them."""

    database_file: ClassVar[str] = "clients.db"

    # Listeners
    bind: IpAddress = field(IPv4Address("127.0.0.1"), "Address that phones reach")
    sip_port: Port = field(5060, "SIP of phones, UDP and TCP")
    ws_port: Port | None = field(
        None, "SIP over WebSocket, for a proxy that ends TLS", shown="none"
    )
    wss_port: Port | None = field(
        None, "SIP over secure WebSocket, for browsers; needs a certificate", shown="none"
    )
    external_address: IpAddress | None = field(
        None, "Address that phones see when the gateway is behind NAT", shown="none"
    )
    inside_port: Port = field(5063, "SIP of nodes, UDP")
    http_port: Port = field(8890, "Management interface and Prometheus, on loopback alone")

    # Tables and media
    realm: Realm = field("ariswitch", "Realm of the accounts and domain of their addresses")
    folder: AbsolutePath | None = field(
        None, "Rendered configuration and tables", shown="`client-gateway/` in the state folder"
    )
    rtpengine: Annotated[tuple[HostPort, ...], CommaList] = field(
        ("127.0.0.1:2223",),
        "Control (NG) addresses of rtpengine, comma-separated",
        shown="`127.0.0.1:2223`",
    )
    group: Group = field(1, "Group of nodes that takes the phones' calls")

    # Behaviour
    topology: Topology = field(
        "hide", "`hide`: phones see this gateway alone; `record-route`: as a plain proxy"
    )
    algorithms: Annotated[tuple[Algorithm, ...], CommaList] = field(
        ("MD5",),
        "Digests offered, `MD5` or `MD5,SHA-256`; many phones and browsers know MD5 alone",
        shown="`MD5`",
    )
    min_expires: Seconds = field(600, "Shortest registration, seconds; shorter ones get this")
    max_expires: Seconds = field(3600, "Longest registration, seconds; longer ones get this")
    max_contacts: Count = field(10, "Phones of one account; a further one replaces the oldest")
    ping_interval: PingSeconds = field(
        30,
        "Seconds between OPTIONS to phones behind NAT, to nodes, and within a call to its phone; "
        "at least 6",
    )
    attempts: Count = field(20, "Wrong credentials from one address before it is refused")
    lockout: Seconds = field(300, "Seconds that such an address is refused")

    # Process
    workers: Annotated[int, Field(ge=1, le=64)] = field(4, "Its processes for UDP, and for TCP")

    @field_validator("rtpengine", "algorithms", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return comma_list(value)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.tls_port or self.wss_port) and not (self.certificate and self.private_key):
            raise ValueError("tls_port and wss_port: need certificate and private_key")
        if self.min_expires > self.max_expires:
            raise ValueError("min_expires: longer than max_expires")
        self.check_ports(self.sip_port)
        if not self.rtpengine or not self.algorithms:
            raise ValueError("rtpengine and algorithms: name at least one")
        return self
