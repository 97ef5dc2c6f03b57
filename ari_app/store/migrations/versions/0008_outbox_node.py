"""Callbacks name the node that delivers them; those from before are anybody's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("outbox", sa.Column("node", sa.String(128), nullable=False, server_default=""))
