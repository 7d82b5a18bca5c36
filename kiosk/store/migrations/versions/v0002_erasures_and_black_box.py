"""Who was erased (so that a restored backup does not bring them back), and the black box of each trip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "erased",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(member_id) BETWEEN 36 AND 36", name=op.f("ck_erased_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_erased")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "black_box",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_black_box_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_black_box")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_black_box_at_ms"), "black_box", ["at_ms"], unique=False)
