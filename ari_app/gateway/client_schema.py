"""OpenSIPS 3.6's own tables of registered phones, as its `opensipsdbctl` would make them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ari_app.gateway.schema import metadata

#: OpenSIPS's contact ids need 61 bits; SQLite numbers rows by INTEGER alone, which has 64.
_BIG = BigInteger().with_variant(Integer, "sqlite")

#: Which layout each table has; OpenSIPS refuses a table of another version.
VERSIONS = {"subscriber": 8, "location": 1013}

#: Accounts. ``password`` stays empty: only hashes are kept. SHA-512/256 is not offered.
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("username", String(64), nullable=False, default="", index=True),
    Column("domain", String(64), nullable=False, default=""),
    Column("password", String(25), nullable=False, default=""),
    Column("ha1", String(64), nullable=False, default=""),
    Column("ha1_sha256", String(64), nullable=False, default=""),
    Column("ha1_sha512t256", String(64), nullable=False, default=""),
    UniqueConstraint("username", "domain", name="subscriber_account_idx"),
)

#: Where phones are; OpenSIPS alone reads and writes it.
location = Table(
    "location",
    metadata,
    Column("contact_id", _BIG, primary_key=True, autoincrement=True),
    Column("username", String(64), nullable=False, default=""),
    Column("domain", String(64)),
    Column("contact", Text, nullable=False),
    Column("received", String(255)),
    Column("path", String(255)),
    Column("expires", Integer, nullable=False),
    Column("q", Float, nullable=False, server_default=text("1.0")),
    Column("callid", String(255), nullable=False, server_default="Default-Call-ID"),
    Column("cseq", Integer, nullable=False, server_default=text("13")),
    Column("last_modified", DateTime, nullable=False, server_default="1900-01-01 00:00:01"),
    Column("flags", Integer, nullable=False, server_default=text("0")),
    Column("cflags", String(255)),
    Column("user_agent", String(255), nullable=False, server_default=""),
    Column("socket", String(64)),
    Column("methods", Integer),
    Column("sip_instance", String(255)),
    Column("kv_store", Text),
    Column("attr", String(255)),
)
