"""What an operator may choose about the public gateway: ``ARISWITCH_GATEWAY_*``."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from ari_app.settings.kinds import AbsolutePath, CommaList, IpAddress, Port, comma_list, field

Seconds = Annotated[int, Field(ge=1, le=86_400)]
#: Where something listens: address or name, and port.
HostPort = Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,128}:[0-9]{1,5}$")]
Database = Annotated[str, Field(pattern=r"^(sqlite:///|postgres://)\S+$")]

METRICS = (
    "`host:port` where other machines read `/metrics` and `/health` and nothing else; "
    "anybody who reaches it may"
)


class GatewaySettings(BaseModel):
    """Addresses, limits and tables of one public gateway; `settings_part` reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    # Listeners
    bind: IpAddress = field(IPv4Address("127.0.0.1"), "Address that carriers reach")
    sip_port: Port = field(5060, "SIP of carriers, UDP and TCP")
    more_sip_ports: Annotated[tuple[Port, ...], CommaList] = field(
        (), "Further ports of carriers, UDP, comma-separated", shown="none"
    )
    tls_port: Port | None = field(None, "SIP over TLS; needs a certificate", shown="none")
    certificate: AbsolutePath | None = field(None, "PEM file: certificate, chain", shown="none")
    private_key: AbsolutePath | None = field(None, "PEM file: the certificate's key", shown="none")
    authorities: AbsolutePath = field(
        Path("/etc/ssl/certs/ca-certificates.crt"),
        "PEM file: who may have signed the certificates of trunks that are called over TLS",
    )
    external_address: IpAddress | None = field(
        None, "Address that carriers see when the gateway is behind NAT", shown="none"
    )
    inside_bind: IpAddress | None = field(
        None, "Address that nodes reach; keep it off the Internet", shown="as `bind`"
    )
    inside_port: Port = field(5062, "SIP of nodes, UDP")
    http_port: Port = field(8889, "Management interface and Prometheus, on loopback alone")
    metrics: HostPort | None = field(None, METRICS, shown="none")

    # Tables
    folder: AbsolutePath | None = field(
        None, "Rendered configuration and tables", shown="`gateway/` in the state folder"
    )
    database: Database | None = field(
        None,
        "Tables, as OpenSIPS writes it: `sqlite:///<path>` or `postgres://user:password@host/name`",
        shown="SQLite in the folder",
    )
    redis_url: SecretStr | None = field(
        None, "Redis where nodes announce themselves", shown="as `ARISWITCH_REDIS_URL`"
    )
    nodes: Annotated[tuple[str, ...], CommaList] = field(
        (),
        "Nodes that announce nothing, `host:port=capacity`, comma-separated",
        shown="none",
    )
    group: Annotated[int, Field(ge=0)] = field(
        1, "Group that the nodes are in; a carrier's calls go to the nodes of its group"
    )

    # Behaviour
    topology: Literal["hide", "record-route"] = field(
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
    call_limit: Seconds = field(21_600, "Longest call, seconds; both sides get a BYE then")
    flood_limit: Annotated[int, Field(ge=1)] = field(
        200, "Requests of one address in 2 s; more are dropped"
    )
    forget: Seconds = field(
        300, "Seconds after which a node that announces nothing and has no call is forgotten"
    )

    # Process
    program: str = field("opensips", "OpenSIPS 3.6")
    modules: AbsolutePath | None = field(
        None, "Folder of its modules", shown="found beside the program"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = field(4, "Its processes for UDP")
    shared_memory: Annotated[int, Field(ge=32)] = field(128, "Its shared memory, MB")

    @field_validator("more_sip_ports", "nodes", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return comma_list(value)

    @field_validator("nodes")
    @classmethod
    def _nodes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not re.fullmatch(r"[^\s=]+:[0-9]{1,5}=[0-9]{1,5}", text):
                raise ValueError(f"{text}: write it as host:port=capacity")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls_port and not (self.certificate and self.private_key):
            raise ValueError("tls_port: needs certificate and private_key")
        same = self.inside_bind in (None, self.bind)
        if same and self.inside_port in (self.sip_port, *self.more_sip_ports):
            raise ValueError("inside_port: carriers have that port")
        return self

    @property
    def inside(self) -> str:
        """Host and port that nodes send to."""
        return f"{self.inside_bind or self.bind}:{self.inside_port}"

    @property
    def mi_url(self) -> str:
        """URL of the management interface."""
        return f"http://127.0.0.1:{self.http_port}/mi"

    def database_in(self, folder: Path) -> str:
        """Return OpenSIPS's URL of the tables, those in ``folder`` unless set."""
        return self.database or f"sqlite:///{folder / 'gateway.db'}"
