"""Accounts, numbers, calls with checkpoints, notifications, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A migration keeps saying what it said on its first day: it names types and columns itself and
# takes nothing from tables.py, which moves on.
_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Utc = sa.DateTime(timezone=True)


def _key() -> sa.Column[int]:
    return sa.Column("id", _Key, primary_key=True, autoincrement=True)


def _sid() -> sa.Column[str]:
    return sa.Column("sid", sa.String(34), nullable=False, unique=True)


def _account() -> sa.Column[str]:
    return sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        _key(),
        _sid(),
        sa.Column("auth_token", sa.String(128), nullable=False),
        sa.Column("friendly_name", sa.String(256), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "numbers",
        _key(),
        _sid(),
        _account(),
        sa.Column("digits", sa.String(64), nullable=False, unique=True),
        sa.Column("phone_number", sa.String(64), nullable=False),
        sa.Column("friendly_name", sa.String(256), nullable=False),
        sa.Column("voice_url", sa.Text, nullable=False),
        sa.Column("voice_method", sa.String(8), nullable=False),
        sa.Column("voice_fallback_url", sa.Text, nullable=False),
        sa.Column("voice_fallback_method", sa.String(8), nullable=False),
        sa.Column("status_callback", sa.Text, nullable=False),
        sa.Column("status_callback_method", sa.String(8), nullable=False),
        sa.Column("voice_caller_id_lookup", sa.Boolean, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "calls",
        _key(),
        _sid(),
        _account(),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("from_", sa.String(512), nullable=False),
        sa.Column("to", sa.String(512), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("parent_call_sid", sa.String(34)),
        sa.Column("phone_number_sid", sa.String(34)),
        sa.Column("voice", sa.Text),
        sa.Column("fallback", sa.Text),
        sa.Column("twiml", sa.Text),
        sa.Column("status_callback", sa.Text),
        sa.Column("caller_id", sa.String(512)),
        sa.Column("forwarded_from", sa.String(512)),
        sa.Column("answered_by", sa.String(64)),
        sa.Column("sip_call_id", sa.Text),
        sa.Column("sip_response_code", sa.Integer),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("channel_id", sa.String(256), nullable=False),
        sa.Column("timeout", sa.Integer, nullable=False),
        sa.Column("time_limit", sa.Integer, nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sa.Column("start_time", _Utc),
        sa.Column("end_time", _Utc),
        sa.Column("duration", sa.Integer),
        sa.Column("checkpoint_url", sa.Text),
        sa.Column("checkpoint_method", sa.String(8)),
        sa.Column("checkpoint_document", sa.Text),
        sa.Column("checkpoint_verb", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calls_account_sid_id", "calls", ["account_sid", "id"])
    op.create_index("ix_calls_account_sid_start_time", "calls", ["account_sid", "start_time"])
    op.create_index("ix_calls_node_status", "calls", ["node", "status"])
    op.create_index("ix_calls_parent_call_sid", "calls", ["parent_call_sid"])
    op.create_table(
        "notifications",
        _key(),
        _sid(),
        _account(),
        sa.Column("call_sid", sa.String(34)),
        sa.Column("error_code", sa.Integer, nullable=False),
        sa.Column("log", sa.String(1), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("request_url", sa.Text, nullable=False),
        sa.Column("request_method", sa.String(8), nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notifications_account_sid_id", "notifications", ["account_sid", "id"])
    op.create_index("ix_notifications_call_sid", "notifications", ["call_sid"])
    op.create_table(
        "outbox",
        _key(),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("call_sid", sa.String(34)),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", _Utc, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
    op.create_index("ix_outbox_call_sid_id", "outbox", ["call_sid", "id"])


def downgrade() -> None:
    """Drop the tables and what is in them."""
    for table in ("outbox", "notifications", "calls", "numbers", "accounts"):
        op.drop_table(table)
