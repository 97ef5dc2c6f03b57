"""Where the HTTP API listens, and the addresses that follow from it."""

from __future__ import annotations

from ipaddress import IPv4Address

from pydantic import BaseModel

from ari_app.settings.kinds import IpAddress, Port, Url, field


class ListenSettings(BaseModel):
    """Address and port of the HTTP API."""

    bind: IpAddress = field(IPv4Address("127.0.0.1"), "Address of the HTTP API and of SIP")
    http_port: Port = field(8080, "HTTP API")
    public_url: Url | None = field(
        None, "Base of the URLs handed out", shown="from bind and HTTP port"
    )

    @property
    def local_address(self) -> str:
        """Address of what only this node's own parts use: always loopback."""
        return str(self.bind) if self.bind.is_loopback else "127.0.0.1"

    @property
    def host(self) -> str:
        """Address by which this machine itself reaches the listeners, as a URL writes it."""
        if self.bind.is_unspecified:
            return "127.0.0.1" if self.bind.version == 4 else "[::1]"
        return str(self.bind) if self.bind.version == 4 else f"[{self.bind}]"

    @property
    def api_url(self) -> str:
        """Base URL of the HTTP API as handed out, without a final slash."""
        return (self.public_url or f"http://{self.host}:{self.http_port}").rstrip("/")

    @property
    def local_url(self) -> str:
        """Base URL of the HTTP API as this machine itself reaches it."""
        return f"http://{self.host}:{self.http_port}"
