"""How many events each call has told, so that a restarted app goes on counting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; calls that are there count from 0."""
    op.add_column("calls", sa.Column("events_told", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("calls", "events_told")
