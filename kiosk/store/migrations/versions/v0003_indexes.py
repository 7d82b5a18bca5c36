"""Indexes that answer a member's visits and the night shift's questions without reading a million rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.drop_index("ix_session_member_id_started_ms", table_name="session")
    op.create_index("ix_session_member_id_started_ms_walk_s", "session", ["member_id", "started_ms", "walk_s"])
    op.create_index("ix_trace_not_thinned", "trace", ["session_id"], sqlite_where=sa.text("step_s < 10"))
