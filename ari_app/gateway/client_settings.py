"""What an operator may choose about the client gateway: ``ARISWITCH_GATEWAY_CLIENT_*``."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from ari_app.gateway.settings import METRICS, HostPort
from ari_app.settings.kinds import AbsolutePath, CommaList, IpAddress, Port, comma_list, field

Seconds = Annotated[int, Field(ge=1, le=86_400)]
#: nathelper gives a ping 3 s (ping_threshold), looked at every second. One that is sent again
#: before that is put twice into its list, and OpenSIPS 3.6.8 dies of it.
PingSeconds = Annotated[int, Field(ge=6, le=86_400)]
Count = Annotated[int, Field(ge=1)]
Realm = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,64}$")]
#: `host:port=capacity`
Node = Annotated[str, Field(pattern=r"^[^\s=]+:[0-9]{1,5}=[0-9]{1,5}$")]
Database = Annotated[str, Field(pattern=r"^(sqlite:///|postgres://)[^\s\"]+$")]
Algorithm = Literal["MD5", "SHA-256"]


class ClientGatewaySettings(BaseModel):
    """Addresses, limits and tables of one client gateway; `settings_part` reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    # Listeners
    bind: IpAddress = field(IPv4Address("127.0.0.1"), "Address that phones reach")
    sip_port: Port = field(5060, "SIP of phones, UDP and TCP")
    tls_port: Port | None = field(None, "SIP over TLS; needs a certificate", shown="none")
    ws_port: Port | None = field(
        None, "SIP over WebSocket, for a proxy that ends TLS", shown="none"
    )
    wss_port: Port | None = field(
        None, "SIP over secure WebSocket, for browsers; needs a certificate", shown="none"
    )
    certificate: AbsolutePath | None = field(None, "PEM file: certificate, chain", shown="none")
    private_key: AbsolutePath | None = field(None, "PEM file: the certificate's key", shown="none")
    external_address: IpAddress | None = field(
        None, "Address that phones see when the gateway is behind NAT", shown="none"
    )
    inside_bind: IpAddress | None = field(
        None, "Address that nodes reach; keep it off the Internet", shown="as `bind`"
    )
    inside_port: Port = field(5063, "SIP of nodes, UDP")
    http_port: Port = field(8890, "Management interface and Prometheus, on loopback alone")
    metrics: HostPort | None = field(None, METRICS, shown="none")

    # Tables and media
    realm: Realm = field("ariswitch", "Realm of the accounts and domain of their addresses")
    folder: AbsolutePath | None = field(
        None, "Rendered configuration and tables", shown="`client-gateway/` in the state folder"
    )
    database: Database | None = field(
        None,
        "Tables, as OpenSIPS writes it: `sqlite:///<path>` or `postgres://user:password@host/name`",
        shown="SQLite in the folder",
    )
    redis_url: SecretStr | None = field(
        None, "Redis where nodes announce themselves", shown="as `ARISWITCH_REDIS_URL`"
    )
    nodes: Annotated[tuple[Node, ...], CommaList] = field(
        (),
        "Nodes that announce nothing, `host:port=capacity`, comma-separated",
        shown="none",
    )
    rtpengine: Annotated[tuple[HostPort, ...], CommaList] = field(
        ("127.0.0.1:2223",),
        "Control (NG) addresses of rtpengine, comma-separated",
        shown="`127.0.0.1:2223`",
    )
    group: Annotated[int, Field(ge=0)] = field(1, "Group of nodes that takes the phones' calls")

    # Behaviour
    topology: Literal["hide", "record-route"] = field(
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
    flood_limit: Count = field(200, "Requests of one address in 2 s; more are dropped")
    forget: Seconds = field(
        300, "Seconds after which a node that announces nothing and has no call is forgotten"
    )
    call_limit: Seconds = field(21_600, "Longest call, seconds; both sides get a BYE then")

    # Process
    program: str = field("opensips", "OpenSIPS 3.6")
    modules: AbsolutePath | None = field(
        None, "Folder of its modules", shown="found beside the program"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = field(4, "Its processes for UDP, and for TCP")
    shared_memory: Annotated[int, Field(ge=32)] = field(128, "Its shared memory, MB")

    @field_validator("rtpengine", "algorithms", "nodes", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return comma_list(value)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.tls_port or self.wss_port) and not (self.certificate and self.private_key):
            raise ValueError("tls_port and wss_port: need certificate and private_key")
        if self.min_expires > self.max_expires:
            raise ValueError("min_expires: longer than max_expires")
        if self.inside_bind in (None, self.bind) and self.inside_port == self.sip_port:
            raise ValueError("inside_port: phones have that port")
        if not self.rtpengine or not self.algorithms:
            raise ValueError("rtpengine and algorithms: name at least one")
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
        return self.database or f"sqlite:///{folder / 'clients.db'}"
