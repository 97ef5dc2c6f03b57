"""OpenSIPS 3.6's own tables that the gateways use, as its `opensipsdbctl` would make them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

metadata = MetaData()

#: Which layout each table has; OpenSIPS refuses a table of another version.
VERSIONS = {"load_balancer": 3, "address": 5, "dispatcher": 9, "dialog": 12}

version = Table(
    "version",
    metadata,
    Column("table_name", String(32), primary_key=True),
    Column("table_version", Integer, nullable=False, default=0),
)

#: Nodes. ``attrs`` is `drain` for a node that an operator drains.
load_balancer = Table(
    "load_balancer",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("group_id", Integer, nullable=False, default=0),
    Column("dst_uri", String(128), nullable=False, index=True),
    Column("resources", String(255), nullable=False),
    Column("probe_mode", Integer, nullable=False, default=0),
    Column("attrs", String(255)),
    Column("description", String(128)),
    # A row made anew must not inherit the counter of one that is gone.
    sqlite_autoincrement=True,
)

#: Carriers that may call, by network. ``context_info`` is the carrier's name.
address = Table(
    "address",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("grp", SmallInteger, nullable=False, default=0),
    Column("ip", String(50), nullable=False),
    Column("mask", SmallInteger, nullable=False, default=32),
    Column("port", Integer, nullable=False, default=0),
    Column("proto", String(4), nullable=False, default="any"),
    Column("pattern", String(64)),
    Column("context_info", String(32)),
)

#: Carriers that are called. ``description`` is the carrier's name.
dispatcher = Table(
    "dispatcher",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("setid", Integer, nullable=False, default=0),
    Column("destination", String(192), nullable=False, default=""),
    Column("socket", String(128)),
    Column("state", Integer, nullable=False, default=0),
    Column("probe_mode", Integer, nullable=False, default=0),
    Column("weight", String(64), nullable=False, default="1"),
    Column("priority", Integer, nullable=False, default=0),
    Column("attrs", String(128)),
    Column("description", String(64)),
)

#: Running calls; OpenSIPS alone reads and writes it.
dialog = Table(
    "dialog",
    metadata,
    Column("dlg_id", BigInteger, primary_key=True, autoincrement=False),
    Column("callid", String(255), nullable=False),
    Column("from_uri", String(255), nullable=False),
    Column("from_tag", String(64), nullable=False),
    Column("to_uri", String(255), nullable=False),
    Column("to_tag", String(64), nullable=False),
    Column("mangled_from_uri", String(255)),
    Column("mangled_to_uri", String(255)),
    Column("caller_cseq", String(11), nullable=False),
    Column("callee_cseq", String(11), nullable=False),
    Column("caller_ping_cseq", Integer, nullable=False),
    Column("callee_ping_cseq", Integer, nullable=False),
    Column("caller_route_set", Text),
    Column("callee_route_set", Text),
    Column("caller_contact", String(255)),
    Column("callee_contact", String(255)),
    Column("caller_sock", String(64), nullable=False),
    Column("callee_sock", String(64), nullable=False),
    Column("state", Integer, nullable=False),
    Column("start_time", Integer, nullable=False),
    Column("timeout", Integer, nullable=False),
    Column("vars", LargeBinary),
    Column("profiles", Text),
    Column("script_flags", String(255)),
    Column("module_flags", Integer, nullable=False, default=0),
    Column("flags", Integer, nullable=False, default=0),
    Column("rt_on_answer", String(64)),
    Column("rt_on_timeout", String(64)),
    Column("rt_on_hangup", String(64)),
)
