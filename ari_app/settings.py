"""Every setting of a node: its name, type, default and meaning.

A setting is an environment variable ``ARISWITCH_<NAME>`` or a key ``<name>`` of the TOML file
named by ``ARISWITCH_CONFIG``. ``load`` in ``settings_load`` reads both; the page
``docs/configuration.md`` is written from the descriptions here.
"""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    JsonValue,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ari_app.model import HttpMethod
from ari_app.sids import is_sid

PREFIX = "ARISWITCH_"

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_CHECKOUT = Path(__file__).resolve().parent.parent
_HTTP_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7")

#: Families of voice names, by what stands before the dot.
FAMILIES = ("basic", "polly", "google")
#: The directory of the unpacked Asterisk in the cache; `asterisk/install.sh` makes it.
ASTERISK_ROOT_NAME = "asterisk-22-forky"


def _state_dir() -> Path:
    """`.ariswitch/` in the checkout, or in the working directory of an installed package."""
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()) / ".ariswitch"


def _cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ariswitch"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _http_url(url: str) -> str:
    """Check an http(s) URL and leave it as written: signatures depend on every character."""
    if url:
        _HTTP_URL.validate_python(url)
    return url


def _number(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z+*#._-]{1,64}", text):
        raise ValueError("a number is 1-64 of + * # . - _, letters and digits")
    return text


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Url = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
Codec = Literal["ulaw", "alaw", "g722", "gsm"]
SpeechEngineName = Literal["espeak", "openai", "piper", "polly"]
#: A list that the environment writes with commas.
CommaList = NoDecode()


class NumberSettings(BaseModel):
    """A number of the config file (Twilio: IncomingPhoneNumber); REST cannot change it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone_number: Annotated[str, AfterValidator(_number)]
    friendly_name: str = ""
    voice_url: Url = ""
    voice_method: HttpMethod = "POST"
    voice_fallback_url: Url = ""
    voice_fallback_method: HttpMethod = "POST"
    status_callback: Url = ""
    status_callback_method: HttpMethod = "POST"


def _field(default: Any, description: str, *, shown: str | None = None, **kwargs: Any) -> Any:
    """Describe a setting; ``shown`` is how the page names a default that is computed."""
    extra: dict[str, JsonValue] | None = {"shown": shown} if shown else None
    if callable(default):
        return Field(
            default_factory=default, description=description, json_schema_extra=extra, **kwargs
        )
    return Field(default=default, description=description, json_schema_extra=extra, **kwargs)


class Settings(BaseSettings):
    """The effective settings of one node. Frozen: a change needs a restart."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="forbid",
        frozen=True,
        validate_default=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    # Who and where
    account_sid: str | None = _field(
        None, "SID of the first account of the `local` platform", shown="made once"
    )
    auth_token: SecretStr | None = _field(None, "Its auth token", shown="made once")
    node: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")] = _field(
        "node1", "Name of this node, unique among nodes that share a database"
    )
    platform: Literal["local", "somleng"] = _field(
        "local", "Who knows the customers: SQL of this node. `somleng` is not available yet"
    )
    numbers: tuple[NumberSettings, ...] = _field(
        (),
        "Numbers that can be called; config file only, one `[[numbers]]` table each",
        shown="none",
    )

    # Folders
    state_dir: AbsolutePath = _field(
        _state_dir,
        "Sockets, logs, SQLite, media, recordings, process ids",
        shown="`.ariswitch/` in the checkout",
    )
    cache_dir: AbsolutePath = _field(
        _cache_dir,
        "What all checkouts share: the unpacked Asterisk. `make` reads the variable, not the file",
        shown="`~/.cache/ariswitch`",
    )
    asterisk_root: AbsolutePath | None = _field(
        None, "Root of another Asterisk 22 to start, `/` for an installed one", shown="in the cache"
    )
    media_cache_bytes: Annotated[int, Field(ge=10_000_000)] = _field(
        2_000_000_000, "Bound of the cache of fetched and spoken audio, bytes"
    )

    # Listeners
    bind: IpAddress = _field(IPv4Address("127.0.0.1"), "Address of the HTTP API and of SIP")
    http_port: Port = _field(8080, "HTTP API")
    public_url: Url | None = _field(
        None, "Base of the URLs handed out", shown="from bind and HTTP port"
    )

    # SIP and audio
    sip_port: Port = _field(5060, "SIP, UDP and TCP, when no gateway is in front")
    sip_allow: Annotated[tuple[IpNetwork, ...] | None, CommaList] = _field(
        None,
        "Networks that may call in, comma-separated (`,`: none); others are answered 403",
        shown="loopback; private networks too when bound beyond loopback",
    )
    sip_codecs: Annotated[tuple[Codec, ...], CommaList] = _field(
        ("ulaw", "alaw"),
        "Codecs taken, best first: the answer holds the first that the caller offers too",
        shown="`ulaw,alaw`",
    )
    external_address: IpAddress | None = _field(
        None, "Address that peers see when this node is behind NAT", shown="none"
    )
    rtp_port_range: Annotated[tuple[int, int], NoDecode()] = _field(
        (20000, 29999), "UDP ports of calls' audio, `first-last`", shown="`20000-29999`"
    )
    outbound_sip_uri: str | None = _field(
        None,
        "Where calls to numbers go, e.g. `sip:{number}@127.0.0.1:5090`",
        shown="none: calls to numbers are refused",
    )
    client_sip_uri: str | None = _field(
        None,
        "Where `<Dial><Client>` goes, e.g. `sip:{client}@127.0.0.1:5091`",
        shown="none: no client is registered",
    )

    # Asterisk
    ari_url: Url | None = _field(
        None, "ARI of an Asterisk that is not ours to start", shown="the started Asterisk"
    )
    ari_port: Port = _field(
        8088, "ARI of the started Asterisk, on loopback", shown="8088, or a free one if taken"
    )
    ari_username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = _field(
        "ariswitch", "ARI user"
    )
    ari_password: SecretStr | None = _field(None, "ARI password", shown="made once")
    ari_app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = _field(
        "ariswitch", "ARI application; two apps of one name on one Asterisk displace each other"
    )

    # Memory and wire
    database_url: SecretStr | None = _field(
        None, "SQL, as SQLAlchemy writes it", shown="SQLite in the state folder"
    )
    redis_url: SecretStr | None = _field(
        None, "Redis that joins several nodes; not available yet", shown="none: in-process bus"
    )

    # Speech
    speech_engine: SpeechEngineName = _field(
        "espeak", "Engine of `<Say>`: `espeak`, `openai`, `piper` or `polly`"
    )
    speech_families: Annotated[tuple[tuple[str, str], ...], CommaList] = _field(
        (),
        "Other engines for one family of voices (`basic`, `polly`, `google`), comma-separated, "
        "e.g. `polly=polly,google=openai`",
        shown="none: all by the engine",
    )
    speech_fallback: SpeechEngineName | Literal["none"] = _field(
        "espeak", "Engine that speaks when another one fails; `none`: the verb fails"
    )
    speech_timeout: Annotated[float, Field(gt=0, le=120)] = _field(
        15.0, "Longest wait for a speech engine, seconds"
    )
    openai_speech_url: Url = _field(
        "https://api.openai.com/v1",
        "Base URL of a server with OpenAI's `/audio/speech`; it may be private",
    )
    openai_speech_key: SecretStr | None = _field(None, "Its API key", shown="none")
    openai_speech_model: str = _field("tts-1", "Its model")
    openai_speech_voices: Annotated[tuple[tuple[str, str], ...], CommaList] = _field(
        (),
        "Its voices, comma-separated: a voice of Twilio's, `es-MX/woman`, `es`, `man` or `woman` "
        "`=` a voice of the server's",
        shown="`man=onyx,woman=nova`",
    )
    piper_url: Url = _field(
        "http://127.0.0.1:5000", "Piper's own HTTP server (`python -m piper.http_server`)"
    )
    piper_voices: Annotated[tuple[tuple[str, str], ...], CommaList] = _field(
        (),
        "Its voices, written as for `openai_speech_voices`",
        shown="its first voice of the language",
    )
    polly_region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] = _field(
        "us-east-1",
        "AWS region of Polly; credentials as for every AWS program: environment, profile, role",
    )
    polly_endpoint: Url = _field("", "Another address for Polly", shown="Amazon's of the region")

    recognizer: Literal["pocketsphinx", "openai", "none"] = _field(
        "pocketsphinx", "Speech to text: `pocketsphinx` (embedded, English), `openai` or `none`"
    )
    recognizer_limit: Annotated[int, Field(ge=1, le=1000)] = _field(
        8, "Most tracks that are recognised at a time; each takes up to half a core"
    )
    openai_transcription_url: Url = _field(
        "https://api.openai.com/v1",
        "Base URL of a server with OpenAI's `/audio/transcriptions`; it may be private",
    )
    openai_transcription_key: SecretStr | None = _field(None, "Its API key", shown="none")
    openai_transcription_model: str = _field("whisper-1", "Its model")

    # Behaviour
    allow_private_urls: bool = _field(
        False,
        "May webhooks, `<Play>`, streams and calls to `sip:` go to loopback and private addresses",
        shown="`true` from `make up`, else `false`",
    )
    url_allow: Annotated[tuple[IpNetwork, ...], CommaList] = _field(
        (), "Private networks that URLs may go to all the same, comma-separated", shown="none"
    )
    ca_file: AbsolutePath | None = _field(
        None, "PEM file of the authorities trusted for https and wss", shown="the system's"
    )
    demo: bool = _field(
        False,
        "Demo numbers with a built-in echo bot, under `/demo/` of the HTTP API",
        shown="`true` from `make up`, else `false`",
    )
    stream_workers: Annotated[int, Field(ge=1, le=64)] = _field(
        lambda: max(1, (os.cpu_count() or 1) - 1),
        "Media processes",
        shown="cores - 1, at least 1",
    )
    stream_capacity: Annotated[int, Field(ge=1)] = _field(
        250, "Streams a media process takes; the next one gets error 31900"
    )
    stream_realtime: bool = _field(
        True, "Schedule media processes in real time, where the system lets this user"
    )
    stream_keep_query: bool = _field(
        False, "Keep the query of a `<Stream>` URL; Twilio does not support one"
    )
    ended_call_update: Literal[404, 200] = _field(
        404, "Answer to the update of a call that has ended; Twilio's own answer varies"
    )
    recording_bytes: Annotated[int, Field(ge=10_000_000)] = _field(
        20_000_000_000,
        "Bound of kept recordings, bytes: beyond it new ones fail until old ones are deleted",
    )
    retention_days: Annotated[int, Field(ge=1)] = _field(
        400, "Days that ended calls, notifications and recordings are kept"
    )
    drain_timeout: Annotated[float, Field(ge=0)] = _field(
        30.0, "Longest wait for running calls at SIGTERM, seconds"
    )
    log_format: Literal["console", "json"] = _field("console", "Form of the app's log lines")
    log_level: Literal["debug", "info", "warning", "error"] = _field("info", "Least level logged")

    @field_validator("sip_allow", "sip_codecs", "url_allow", mode="before")
    @classmethod
    def _split(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if info.field_name != "sip_codecs" and isinstance(value, list):
            return tuple(ip_network(part, strict=False) for part in value)
        return value

    @field_validator("speech_families", "openai_speech_voices", "piper_voices", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """`a=b,c=d`, or a table of the file."""
        if isinstance(value, dict):
            return tuple(value.items())
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(equals and name.strip() and other.strip() for name, equals, other in pairs):
            raise ValueError("write it as name=value,name=value")
        return tuple((name.strip(), other.strip()) for name, _, other in pairs)

    @field_validator("speech_families")
    @classmethod
    def _families(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for family, engine in value:
            if family not in FAMILIES or engine not in get_args(SpeechEngineName):
                raise ValueError(
                    f"{family}={engine}: a family ({', '.join(FAMILIES)}) = an engine"
                    f" ({', '.join(get_args(SpeechEngineName))})"
                )
        return value

    @field_validator("rtp_port_range", mode="before")
    @classmethod
    def _range(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        first, dash, last = value.partition("-")
        if not (dash and first.strip().isdigit() and last.strip().isdigit()):
            raise ValueError("write it as first-last, e.g. 20000-29999")
        return int(first), int(last)

    @field_validator("ended_call_update", mode="before")
    @classmethod
    def _status(cls, value: Any) -> Any:
        """The environment knows only text, which a choice of numbers would refuse."""
        return int(value) if isinstance(value, str) and value.strip().isdigit() else value

    @field_validator("platform", "redis_url")
    @classmethod
    def _not_yet(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what would otherwise be taken and do nothing."""
        if value not in ("local", None):
            what = "somleng" if info.field_name == "platform" else "Redis"
            raise ValueError(f"{what} is not available yet; leave it out")
        return value

    @field_validator("outbound_sip_uri", "client_sip_uri")
    @classmethod
    def _outbound(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not re.fullmatch(r"sips?:[^\s,\"'<>&|]+", value):
            what = "client" if info.field_name == "client_sip_uri" else "number"
            raise ValueError(f"write it as sip:{{{what}}}@host:port")
        return value

    @field_validator("account_sid")
    @classmethod
    def _sid(cls, value: str | None) -> str | None:
        if value is not None and not is_sid(value, "AC"):
            raise ValueError("an account SID is AC and 32 lower-case hex digits")
        return value

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
    def local_address(self) -> str:
        """Address of what only this node's own parts use: always loopback."""
        return str(self.bind) if self.bind.is_loopback else "127.0.0.1"

    @property
    def media_address(self) -> str:
        """Address of the stream workers' RTP socket: loopback beside our own Asterisk."""
        return str(self.bind) if self.ari_url else self.local_address

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
    def asterisk_dir(self) -> Path:
        """Root of the Asterisk that `up` starts."""
        return self.asterisk_root or self.cache_dir / ASTERISK_ROOT_NAME

    @property
    def run_dir(self) -> Path:
        """Folder of sockets and process ids."""
        return self.state_dir / "run"

    @property
    def log_dir(self) -> Path:
        """Folder of the logs of all parts."""
        return self.state_dir / "log"

    @property
    def media_dir(self) -> Path:
        """Folder of fetched and spoken audio, shared with Asterisk."""
        return self.state_dir / "media"

    @property
    def recordings_dir(self) -> Path:
        """Folder of finished recordings."""
        return self.state_dir / "recordings"

    @property
    def raw_recordings_dir(self) -> Path:
        """Folder in which Asterisk records: ARI's own, below its spool folder."""
        return self.state_dir / "asterisk" / "spool" / "recording"

    @property
    def recognizer_socket(self) -> Path:
        """Socket of the recogniser process."""
        return self.run_dir / "recognizer.sock"

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
