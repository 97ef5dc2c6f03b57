"""ARI of the Asterisk that this node drives."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from ari_app.settings.kinds import Port, Url, field


class AsteriskSettings(BaseModel):
    """Address and credentials of ARI."""

    ari_url: Url | None = field(
        None, "ARI of an Asterisk that is not ours to start", shown="the started Asterisk"
    )
    ari_port: Port = field(
        8088, "ARI of the started Asterisk, on loopback", shown="8088, or a free one if taken"
    )
    ari_username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = field(
        "ariswitch", "ARI user"
    )
    ari_password: SecretStr | None = field(None, "ARI password", shown="made once")
    ari_app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = field(
        "ariswitch", "ARI application; two apps of one name on one Asterisk displace each other"
    )
