"""What an operator may choose about either gateway."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from ari_app.settings.kinds import AbsolutePath, CommaList, IpAddress, Port, comma_list, field

Seconds = Annotated[int, Field(ge=1, le=86_400)]
Count = Annotated[int, Field(ge=1)]
Group = Annotated[int, Field(ge=0)]
#: Where something listens: address or name, and port.
HostPort = Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,128}:[0-9]{1,5}$")]
Topology = Literal["hide", "record-route"]
Database = Annotated[str, Field(pattern=r"^(sqlite:///|postgres://)[^\s\"]+$")]


class CommonSettings(BaseModel):
    """The settings that both gateways have, and what follows from them.

    Where only the words differ (carriers here, phones there) the gateway has the field again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    #: Name of the SQLite file in the folder.
    database_file: ClassVar[str]

    # Listeners
    bind: IpAddress = field(IPv4Address("127.0.0.1"), "Address that is reached from outside")
    sip_port: Port = field(5060, "SIP of the outside, UDP and TCP")
    tls_port: Port | None = field(None, "SIP over TLS; needs a certificate", shown="none")
    certificate: AbsolutePath | None = field(None, "PEM file: certificate, chain", shown="none")
    private_key: AbsolutePath | None = field(None, "PEM file: the certificate's key", shown="none")
    inside_bind: IpAddress | None = field(
        None, "Address that nodes reach; keep it off the Internet", shown="as `bind`"
    )
    inside_port: Port = field(5062, "SIP of nodes, UDP")
    http_port: Port = field(8889, "Management interface and Prometheus, on loopback alone")
    metrics: HostPort | None = field(
        None,
        "`host:port` where other machines read `/metrics` and `/health` and nothing else; "
        "anybody who reaches it may",
        shown="none",
    )

    # Tables
    folder: AbsolutePath | None = field(
        None, "Rendered configuration and tables", shown="a folder in the state folder"
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
    group: Group = field(1, "Group that the nodes are in")

    # Behaviour
    call_limit: Seconds = field(21_600, "Longest call, seconds; both sides get a BYE then")
    flood_limit: Count = field(200, "Requests of one address in 2 s; more are dropped")
    forget: Seconds = field(
        300, "Seconds after which a node that announces nothing and has no call is forgotten"
    )

    # Process
    program: str = field("opensips", "OpenSIPS 3.6")
    modules: AbsolutePath | None = field(
        None, "Folder of its modules", shown="found beside the program"
    )
    shared_memory: Annotated[int, Field(ge=32)] = field(128, "Its shared memory, MB")

    @field_validator("nodes", mode="before")
    @classmethod
    def _node_list(cls, value: Any) -> Any:
        return comma_list(value)

    @field_validator("nodes")
    @classmethod
    def _node_form(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not re.fullmatch(r"[^\s=]+:[0-9]{1,5}=[0-9]{1,5}", text):
                raise ValueError(f"{text}: write it as host:port=capacity")
        return value

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
        return self.database or f"sqlite:///{folder / self.database_file}"

    def check_ports(self, *outside: int) -> None:
        """Raise ValueError when nodes would share a port of the outside's."""
        if self.inside_bind in (None, self.bind) and self.inside_port in outside:
            raise ValueError(f"inside_port: {self.inside_port} is a port of the outside")
