"""What an operator may choose about the public gateway: ``ARISWITCH_GATEWAY_*``."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from ari_app.gateway.common_settings import CommonSettings, Group, Seconds, Topology
from ari_app.settings.kinds import AbsolutePath, CommaList, IpAddress, Port, comma_list, field


class GatewaySettings(CommonSettings):
    """Addresses, limits and tables of one public gateway; `settings_part` reads them."""

    database_file: ClassVar[str] = "gateway.db"

    # Listeners
    bind: IpAddress = field(IPv4Address("127.0.0.1"), "Address that carriers reach")
    sip_port: Port = field(5060, "SIP of carriers, UDP and TCP")
    more_sip_ports: Annotated[tuple[Port, ...], CommaList] = field(
        (), "Further ports of carriers, UDP, comma-separated", shown="none"
    )
    authorities: AbsolutePath = field(
        Path("/etc/ssl/certs/ca-certificates.crt"),
        "PEM file: who may have signed the certificates of trunks that are called over TLS",
    )
    external_address: IpAddress | None = field(
        None, "Address that carriers see when the gateway is behind NAT", shown="none"
    )

    # Tables
    folder: AbsolutePath | None = field(
        None, "Rendered configuration and tables", shown="`gateway/` in the state folder"
    )
    group: Group = field(
        1, "Group that the nodes are in; a carrier's calls go to the nodes of its group"
    )

    # Behaviour
    topology: Topology = field(
        "hide", "`hide`: carriers see this gateway alone; `record-route`: as a plain proxy"
    )
    first_reply: Annotated[int, Field(ge=2, le=60)] = field(
        2, "Seconds a node may say nothing before the next is tried"
    )
    answer: Annotated[int, Field(ge=2, le=3600)] = field(
        620, "Longest ringing, seconds; the node's own limit is shorter"
    )
    probe_interval: Seconds = field(10, "Seconds between OPTIONS to each node")
    ping_interval: Seconds = field(
        30, "Seconds between OPTIONS within a call to its node; a dead node's calls end"
    )

    # Process
    workers: Annotated[int, Field(ge=1, le=64)] = field(4, "Its processes for UDP")

    @field_validator("more_sip_ports", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return comma_list(value)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls_port and not (self.certificate and self.private_key):
            raise ValueError("tls_port: needs certificate and private_key")
        self.check_ports(self.sip_port, *self.more_sip_ports)
        return self
