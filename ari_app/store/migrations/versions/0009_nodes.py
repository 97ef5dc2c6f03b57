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
    seen = _last_signs(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        seen = {node: at.replace(tzinfo=None) for node, at in seen.items()}
    if seen:
        op.bulk_insert(nodes, [{"node": node, "seen_at": seen[node]} for node in sorted(seen)])


def _last_signs(connection: sa.Connection) -> dict[str, datetime]:
    """Return when each node that has left something last wrote it: its calls were over then.

    A callback that waits says when it is due, which may be still to come.
    """
    now = datetime.now(UTC)
    running = sa.column("status", sa.String).not_in(_FINAL)
    signs: dict[str, datetime] = {}
    for table, column, left in (
        ("outbox", "due_at", sa.true()),
        ("calls", "date_updated", running),
    ):
        node, when = sa.column("node", sa.String), sa.column(column, sa.DateTime(timezone=True))
        found = sa.select(node, sa.func.max(when)).select_from(sa.table(table))
        for name, last in connection.execute(found.where(left, node != "").group_by(node)):
            last = last.replace(tzinfo=UTC) if last.tzinfo is None else last
            signs[name] = min(last, now)
    return signs
