"""Recordings: who asked for them, how they stand, where Asterisk writes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Utc = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "recordings",
        sa.Column("id", _Key, primary_key=True, autoincrement=True),
        sa.Column("sid", sa.String(34), nullable=False, unique=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("call_sid", sa.String(34)),
        sa.Column("conference_sid", sa.String(34)),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("track", sa.String(16), nullable=False),
        sa.Column("trim", sa.Boolean, nullable=False),
        sa.Column("callback", sa.Text),
        sa.Column("error_code", sa.Integer),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("tape", sa.Text),
        sa.Column("start_time", _Utc, nullable=False),
        sa.Column("duration", sa.Integer),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sqlite_autoincrement=True,
    )
    for columns in (["account_sid", "id"], ["call_sid"], ["conference_sid"], ["node", "status"]):
        op.create_index(f"ix_recordings_{'_'.join(columns)}", "recordings", columns)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("recordings")
