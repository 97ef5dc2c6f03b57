"""Nodes say when they lived, so that another one can end the books of one that never comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FINAL = ("completed", "busy", "failed", "no-answer", "canceled")


def upgrade() -> None:
    """Make the table with the nodes that have left something, and the mark of a settled call."""
    nodes = op.create_table(
        "nodes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("node", name="uq_nodes_node"),
        sqlite_autoincrement=True,
    )
    op.add_column("calls", sa.Column("settled_by", sa.String(128)))
    running = sa.column("status", sa.String).not_in(_FINAL)
    left: set[str] = set()
    for table, condition in (("calls", running), ("outbox", sa.true())):
        names = sa.select(sa.column("node", sa.String)).select_from(sa.table(table))
        left |= set(op.get_bind().execute(names.where(condition).distinct()).scalars())
    if left - {""}:
        now = datetime.now(UTC)
        if op.get_bind().dialect.name == "sqlite":
            now = now.replace(tzinfo=None)
        op.bulk_insert(nodes, [{"node": node, "seen_at": now} for node in sorted(left - {""})])
