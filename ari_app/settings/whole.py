"""All settings in one, and what follows from several of them."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ari_app.settings.asterisk import AsteriskSettings
from ari_app.settings.behaviour import BehaviourSettings
from ari_app.settings.folders import FolderSettings
from ari_app.settings.kinds import PREFIX, IpNetwork
from ari_app.settings.listen import ListenSettings
from ari_app.settings.memory import MemorySettings
from ari_app.settings.sip import SipSettings
from ari_app.settings.speech import SpeechSettings
from ari_app.settings.tap import TapSettings
from ari_app.settings.who import WhoSettings

_LOOPBACK = ("127.0.0.0/8", "::1/128")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7")


class Settings(
    # The page lists what the last base says first.
    TapSettings,
    BehaviourSettings,
    SpeechSettings,
    MemorySettings,
    AsteriskSettings,
    SipSettings,
    ListenSettings,
    FolderSettings,
    WhoSettings,
    BaseSettings,
):
    """The effective settings of one node. Frozen: a change needs a restart."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="forbid",
        frozen=True,
        validate_default=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        first, last = self.rtp_port_range
        if not 1024 <= first < last <= 65535 or last - first < 3:
            raise ValueError("rtp_port_range: at least four ports between 1024 and 65535")
        if not self.sip_codecs or len(set(self.sip_codecs)) != len(self.sip_codecs):
            raise ValueError("sip_codecs: name at least one codec, each once")
        if self.ari_url and self.ari_password is None:
            raise ValueError("ari_url: needs ari_password too")
        if self.http_port == self.sip_port:
            raise ValueError("http_port and sip_port: both would listen on the same TCP port")
        return self

    @property
    def media_address(self) -> str:
        """Address of the stream workers' RTP socket: loopback beside our own Asterisk."""
        return str(self.bind) if self.ari_url else self.local_address

    @property
    def ari_base_url(self) -> str:
        """Base URL of ARI without `/ari`."""
        if self.ari_url:
            return self.ari_url.rstrip("/").removesuffix("/ari")
        host = self.local_address
        return f"http://{f'[{host}]' if ':' in host else host}:{self.ari_port}"

    @property
    def sql_url(self) -> str:
        """SQLAlchemy URL of the database."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.state_dir / 'ariswitch.db'}"

    @property
    def stream_sockets(self) -> tuple[Path, ...]:
        """Control socket of each stream worker, in order of index."""
        return tuple(self.run_dir / f"stream-{n}.sock" for n in range(self.stream_workers))

    @property
    def allowed_sources(self) -> tuple[IpNetwork, ...]:
        """Networks that may call in."""
        if self.sip_allow is not None:
            return self.sip_allow
        nets = _LOOPBACK if self.bind.is_loopback else _LOOPBACK + _PRIVATE
        return tuple(ip_network(net) for net in nets)

    @property
    def platform_sources(self) -> tuple[IpNetwork, ...] | None:
        """Networks that callers may be in; None, any, when gateways judge them."""
        return None if self.sip_gateways else self.allowed_sources
