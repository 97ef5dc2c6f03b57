"""Kinds of value that settings have, and how a setting is described."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, HttpUrl, JsonValue, TypeAdapter
from pydantic_settings import NoDecode

PREFIX = "ARISWITCH_"

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_HTTP_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _http_url(url: str) -> str:
    """Check an http(s) URL and leave it as written: signatures depend on every character."""
    if url:
        _HTTP_URL.validate_python(url)
    return url


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Url = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
#: A list that the environment writes with commas.
CommaList = NoDecode()


def field(default: Any, description: str, *, shown: str | None = None, **kwargs: Any) -> Any:
    """Describe a setting; ``shown`` is how the page names a default that is computed."""
    extra: dict[str, JsonValue] | None = {"shown": shown} if shown else None
    if callable(default):
        return Field(
            default_factory=default, description=description, json_schema_extra=extra, **kwargs
        )
    return Field(default=default, description=description, json_schema_extra=extra, **kwargs)


def comma_list(value: Any) -> Any:
    """Split what the environment writes with commas; leave a list of the file."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def networks(value: Any) -> Any:
    """Read a comma list of networks, host bits allowed."""
    value = comma_list(value)
    if isinstance(value, list):
        return tuple(ip_network(part, strict=False) for part in value)
    return value
