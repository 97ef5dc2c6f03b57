"""SQL and the bus."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

from ari_app.settings.kinds import field


class MemorySettings(BaseModel):
    """What remembers, and what joins several nodes."""

    database_url: SecretStr | None = field(
        None, "SQL, as SQLAlchemy writes it", shown="SQLite in the state folder"
    )
    redis_url: SecretStr | None = field(
        None,
        "Redis that joins several nodes, e.g. `redis://:password@host:6379/0`",
        shown="none: in-process bus",
    )
    node_address: str | None = field(
        None,
        "Host or address at which gateways and other nodes reach this node",
        shown="bind; when that is all addresses, the one on the way to Redis",
    )
    takeover_after: Annotated[float, Field(ge=0)] = field(
        180.0,
        "Seconds after which other nodes end the calls of one that is away and send its callbacks; "
        "0: never",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value and urlsplit(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("write it as redis://host:port/0, rediss:// or unix://")
        return value

    @field_validator("node_address")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9a-fA-F:]+", value):
            raise ValueError("write a host name or an address, without scheme and port")
        return value
