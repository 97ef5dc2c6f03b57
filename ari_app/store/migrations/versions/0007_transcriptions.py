"""Transcriptions: what was said in recordings, as text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Utc = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "transcriptions",
        sa.Column("id", _Key, primary_key=True, autoincrement=True),
        sa.Column("sid", sa.String(34), nullable=False, unique=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("recording_sid", sa.String(34), nullable=False),
        sa.Column("call_sid", sa.String(34)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("duration", sa.Integer, nullable=False),
        sa.Column("callback", sa.Text),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("date_created", _Utc, nullable=False),
        sa.Column("date_updated", _Utc, nullable=False),
        sqlite_autoincrement=True,
    )
    for columns in (["account_sid", "id"], ["recording_sid"], ["node", "status"]):
        op.create_index(f"ix_transcriptions_{'_'.join(columns)}", "transcriptions", columns)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("transcriptions")
