"""The host of each callback, so that one dead host cannot fill all places of delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; callbacks that wait already count as of one host without a name."""
    op.add_column("outbox", sa.Column("host", sa.String(255), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("outbox", "host")
