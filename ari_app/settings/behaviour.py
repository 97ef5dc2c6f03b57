"""What the node allows, keeps and waits for."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from ari_app.settings.kinds import AbsolutePath, CommaList, IpNetwork, field, networks


class BehaviourSettings(BaseModel):
    """URLs, streams, retention, drain and logs."""

    allow_private_urls: bool = field(
        False,
        "May webhooks, `<Play>`, streams and calls to `sip:` go to loopback and private addresses",
        shown="`true` from `make up`, else `false`",
    )
    url_allow: Annotated[tuple[IpNetwork, ...], CommaList] = field(
        (), "Private networks that URLs may go to all the same, comma-separated", shown="none"
    )
    ca_file: AbsolutePath | None = field(
        None, "PEM file of the authorities trusted for https and wss", shown="the system's"
    )
    demo: bool = field(
        False,
        "Demo numbers with a built-in echo bot, under `/demo/` of the HTTP API",
        shown="`true` from `make up`, else `false`",
    )
    stream_workers: Annotated[int, Field(ge=1, le=64)] = field(
        lambda: max(1, (os.cpu_count() or 1) - 1),
        "Media processes",
        shown="cores - 1, at least 1",
    )
    stream_capacity: Annotated[int, Field(ge=1)] = field(
        250, "Streams a media process takes; the next one gets error 31900"
    )
    stream_realtime: bool = field(
        True, "Schedule Asterisk and media processes in real time, where this user may"
    )
    stream_keep_query: bool = field(
        False, "Keep the query of a `<Stream>` URL; Twilio does not support one"
    )
    ended_call_update: Literal[404, 200] = field(
        404, "Answer to the update of a call that has ended; Twilio's own answer varies"
    )
    recording_bytes: Annotated[int, Field(ge=10_000_000)] = field(
        20_000_000_000,
        "Bound of kept recordings, bytes: beyond it new ones fail until old ones are deleted",
    )
    retention_days: Annotated[int, Field(ge=1)] = field(
        400, "Days that ended calls, notifications and recordings are kept"
    )
    drain_timeout: Annotated[float, Field(ge=0)] = field(
        30.0, "Longest wait for running calls at SIGTERM, seconds"
    )
    log_format: Literal["console", "json"] = field("console", "Form of the app's log lines")
    log_level: Literal["debug", "info", "warning", "error"] = field("info", "Least level logged")

    @field_validator("url_allow", mode="before")
    @classmethod
    def _url_networks(cls, value: Any) -> Any:
        return networks(value)

    @field_validator("ended_call_update", mode="before")
    @classmethod
    def _status(cls, value: Any) -> Any:
        """The environment knows only text, which a choice of numbers would refuse."""
        return int(value) if isinstance(value, str) and value.strip().isdigit() else value
