"""Who this node is, and whose calls it takes."""

from __future__ import annotations

import platform
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from ari_app.model import HttpMethod
from ari_app.settings.kinds import Url, field
from ari_app.sids import is_sid


def _number(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z+*#._-]{1,64}", text):
        raise ValueError("a number is 1-64 of + * # . - _, letters and digits")
    return text


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


class WhoSettings(BaseModel):
    """Name, first account, platform and numbers."""

    account_sid: str | None = field(
        None, "SID of the first account of the `local` platform", shown="made once"
    )
    auth_token: SecretStr | None = field(None, "Its auth token", shown="made once")
    node: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")] = field(
        "node1",
        "Name of this node, unique among nodes that share a database; `{host}` in it is this "
        "machine's name",
    )
    platform: Literal["local", "somleng"] = field(
        "local", "Who knows the customers: SQL of this node. `somleng` is not available yet"
    )
    numbers: tuple[NumberSettings, ...] = field(
        (),
        "Numbers that can be called; config file only, one `[[numbers]]` table each",
        shown="none",
    )

    @field_validator("node", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """Name many nodes of one configuration, as the replicas of a container."""
        return value.replace("{host}", platform.node()) if isinstance(value, str) else value

    @field_validator("platform")
    @classmethod
    def _not_yet(cls, value: str) -> str:
        """Refuse what would otherwise be taken and do nothing."""
        if value != "local":
            raise ValueError("somleng is not available yet; leave it out")
        return value

    @field_validator("account_sid")
    @classmethod
    def _sid(cls, value: str | None) -> str | None:
        if value is not None and not is_sid(value, "AC"):
            raise ValueError("an account SID is AC and 32 lower-case hex digits")
        return value
