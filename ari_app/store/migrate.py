"""Bring the schema to the version this code speaks, with Alembic, at every opening."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_SCRIPTS = Path(__file__).parent / "migrations"
#: Any fixed number: nodes starting together on one PostgreSQL take turns by it.
_LOCK = 0x41524953


def upgrade(connection: Connection) -> None:
    """Run all missing migrations within the connection's transaction: all or nothing."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
