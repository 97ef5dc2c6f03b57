"""The tables, as SQLAlchemy Core describes them.

Columns carry the names of the records' fields (``ari_app.model``), so a row is a record without
a mapping layer. Every table has a growing ``id``: it is the order of lists (newest first) and
what page tokens point at. The schema itself is made by the migrations beside this file; a test
holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Utc(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which has no zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring ``value`` to UTC; a naive time is an error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times must carry their zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the stored time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A small structure kept as JSON text; comes back as plain dicts and lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode; None stays NULL."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode."""
        return None if value is None else msgspec.json.decode(value)


#: SQLite numbers rows itself only when the key's type is exactly INTEGER.
Key = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> Column[int]:
    return Column("id", Key, primary_key=True, autoincrement=True)


def _sid() -> Column[str]:
    return Column("sid", String(34), nullable=False, unique=True)


def _account() -> Column[str]:
    return Column("account_sid", String(34), ForeignKey("accounts.sid"), nullable=False)


accounts = Table(
    "accounts",
    metadata,
    _key(),
    _sid(),
    Column("auth_token", String(128), nullable=False),
    Column("friendly_name", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    sqlite_autoincrement=True,
)

numbers = Table(
    "numbers",
    metadata,
    _key(),
    _sid(),
    _account(),
    # The number without its plus sign: what makes a number unique and finds it for a caller.
    Column("digits", String(64), nullable=False, unique=True),
    Column("phone_number", String(64), nullable=False),
    Column("friendly_name", String(256), nullable=False),
    Column("voice_url", Text, nullable=False),
    Column("voice_method", String(8), nullable=False),
    Column("voice_fallback_url", Text, nullable=False),
    Column("voice_fallback_method", String(8), nullable=False),
    Column("status_callback", Text, nullable=False),
    Column("status_callback_method", String(8), nullable=False),
    Column("voice_caller_id_lookup", Boolean, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    sqlite_autoincrement=True,
)

calls = Table(
    "calls",
    metadata,
    _key(),
    _sid(),
    _account(),
    Column("direction", String(32), nullable=False),
    Column("from_", String(512), nullable=False),
    Column("to", String(512), nullable=False),
    Column("status", String(16), nullable=False),
    Column("parent_call_sid", String(34)),
    Column("phone_number_sid", String(34)),
    Column("voice", Json),
    Column("fallback", Json),
    Column("twiml", Text),
    Column("status_callback", Json),
    Column("caller_id", String(512)),
    Column("forwarded_from", String(512)),
    Column("answered_by", String(64)),
    Column("sip_call_id", Text),
    Column("sip_response_code", Integer),
    Column("events_told", Integer, nullable=False, server_default="0"),
    Column("node", String(128), nullable=False),
    Column("channel_id", String(256), nullable=False),
    Column("timeout", Integer, nullable=False),
    Column("time_limit", Integer, nullable=False),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    Column("start_time", Utc),
    Column("end_time", Utc),
    Column("duration", Integer),
    Column("checkpoint_url", Text),
    Column("checkpoint_method", String(8)),
    Column("checkpoint_document", Text),
    Column("checkpoint_verb", Integer),
    # Which other node has ended it in the books, its own being away; None: its own, or nobody.
    Column("settled_by", String(128)),
    Index(None, "account_sid", "id"),
    Index(None, "account_sid", "start_time"),
    Index(None, "node", "status"),
    Index(None, "parent_call_sid"),
    sqlite_autoincrement=True,
)

notifications = Table(
    "notifications",
    metadata,
    _key(),
    _sid(),
    _account(),
    Column("call_sid", String(34)),
    Column("error_code", Integer, nullable=False),
    Column("log", String(1), nullable=False),
    Column("message", Text, nullable=False),
    Column("request_url", Text, nullable=False),
    Column("request_method", String(8), nullable=False),
    Column("date_created", Utc, nullable=False),
    Index(None, "account_sid", "id"),
    Index(None, "call_sid"),
    sqlite_autoincrement=True,
)

recordings = Table(
    "recordings",
    metadata,
    _key(),
    _sid(),
    _account(),
    Column("call_sid", String(34)),
    Column("conference_sid", String(34)),
    Column("source", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("name", String(256), nullable=False),
    Column("channels", Integer, nullable=False),
    Column("track", String(16), nullable=False),
    Column("trim", Boolean, nullable=False),
    Column("callback", Json),
    Column("error_code", Integer),
    Column("node", String(128), nullable=False),
    Column("tape", Json),
    Column("start_time", Utc, nullable=False),
    Column("duration", Integer),
    Column("size", BigInteger, nullable=False),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    Index(None, "account_sid", "id"),
    Index(None, "call_sid"),
    Index(None, "conference_sid"),
    Index(None, "node", "status"),
    sqlite_autoincrement=True,
)

conferences = Table(
    "conferences",
    metadata,
    _key(),
    _sid(),
    _account(),
    Column("friendly_name", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("node", String(128), nullable=False),
    Column("reason_conference_ended", String(64)),
    Column("call_sid_ending_conference", String(34)),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    Index(None, "account_sid", "id"),
    Index(None, "node", "status"),
    sqlite_autoincrement=True,
)

queues = Table(
    "queues",
    metadata,
    _key(),
    _sid(),
    _account(),
    Column("friendly_name", String(64), nullable=False),
    Column("max_size", Integer, nullable=False),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    UniqueConstraint("account_sid", "friendly_name"),
    sqlite_autoincrement=True,
)

transcriptions = Table(
    "transcriptions",
    metadata,
    _key(),
    _sid(),
    _account(),
    Column("recording_sid", String(34), nullable=False),
    Column("call_sid", String(34)),
    Column("status", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("duration", Integer, nullable=False),
    Column("callback", Json),
    Column("params", Json, nullable=False),
    Column("node", String(128), nullable=False),
    Column("date_created", Utc, nullable=False),
    Column("date_updated", Utc, nullable=False),
    Index(None, "account_sid", "id"),
    Index(None, "recording_sid"),
    Index(None, "node", "status"),
    sqlite_autoincrement=True,
)

nodes = Table(
    "nodes",
    metadata,
    _key(),
    Column("node", String(128), nullable=False, unique=True),
    Column("seen_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    _key(),
    Column("url", Text, nullable=False),
    Column("host", String(255), nullable=False, server_default=""),
    Column("method", String(8), nullable=False),
    Column("params", Json, nullable=False),
    Column("account_sid", String(34), nullable=False),
    Column("call_sid", String(34)),
    Column("sequence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("error", Text, nullable=False),
    # Who put it and delivers it: two nodes on one database must not both.
    Column("node", String(128), nullable=False, server_default=""),
    Index(None, "due_at"),
    Index(None, "call_sid", "id"),
    sqlite_autoincrement=True,
)
