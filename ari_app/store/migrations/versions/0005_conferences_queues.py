"""Conferences, with how each ended, and queues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

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
        "conferences",
        _key(),
        _sid(),
        _account(),
        sa.Column("friendly_name", sa.String(256), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("reason_conference_ended", sa.String(64)),
        sa.Column("call_sid_ending_conference", sa.String(34)),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_conferences_account_sid_id", "conferences", ["account_sid", "id"])
    op.create_index("ix_conferences_node_status", "conferences", ["node", "status"])
    op.create_table(
        "queues",
        _key(),
        _sid(),
        _account(),
        sa.Column("friendly_name", sa.String(64), nullable=False),
        sa.Column("max_size", sa.Integer, nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sa.UniqueConstraint(
            "account_sid", "friendly_name", name="uq_queues_account_sid_friendly_name"
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("queues")
    op.drop_table("conferences")
