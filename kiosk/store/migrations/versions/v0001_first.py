"""The first schema: members, sessions with their health data and samples, events, staff, caps, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("length(id) BETWEEN 36 AND 36", name=op.f("ck_audit_id")),
        sa.CheckConstraint("length(reason) BETWEEN 0 AND 400", name=op.f("ck_audit_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_audit_at_ms"), "audit", ["at_ms"], unique=False)
    op.create_table(
        "member",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.Column("first_seen_ms", sa.Integer(), nullable=False),
        sa.CheckConstraint("age_band IN ('16-17', '18-64', '65+')", name=op.f("ck_member_age_band")),
        sa.CheckConstraint("language IN ('en', 'es', 'de')", name=op.f("ck_member_language")),
        sa.CheckConstraint("length(code) = 6 AND code NOT GLOB '*[^0-9]*'", name=op.f("ck_member_code")),
        sa.CheckConstraint("length(id) BETWEEN 36 AND 36", name=op.f("ck_member_id")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 60", name=op.f("ck_member_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("code", name=op.f("uq_member_code")),
        sqlite_strict=True,
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pin_lock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("last_wrong_ms", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_pin_lock_one")),
        sa.CheckConstraint("wrong >= 0", name=op.f("ck_pin_lock_wrong")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin_lock")),
        sqlite_strict=True,
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.Integer(), nullable=False),
        sa.CheckConstraint("pin_hash LIKE '$argon2id$%'", name=op.f("ck_staff_pin_hash")),
        sa.CheckConstraint("role IN ('staff', 'owner', 'physio')", name=op.f("ck_staff_role")),
        sa.CheckConstraint("active IN (0, 1)", name=op.f("ck_staff_active")),
        sa.CheckConstraint("length(id) BETWEEN 36 AND 36", name=op.f("ck_staff_id")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 60", name=op.f("ck_staff_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sqlite_strict=True,
    )
    op.create_table(
        "cap",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("speed_ckmh", sa.Integer(), nullable=True),
        sa.Column("incline_dpct", sa.Integer(), nullable=True),
        sa.Column("set_ms", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(scope = 'member') = (member_id IS NOT NULL)", name=op.f("ck_cap_member")),
        sa.CheckConstraint(
            "scope IN ('gym', 'treadmill', 'program', 'visits', 'age', 'guest', 'member', 'incline')",
            name=op.f("ck_cap_scope"),
        ),
        sa.CheckConstraint("incline_dpct BETWEEN 0 AND 50", name=op.f("ck_cap_incline_dpct")),
        sa.CheckConstraint("member_id = key", name=op.f("ck_cap_member_key")),
        sa.CheckConstraint("speed_ckmh BETWEEN 50 AND 563", name=op.f("ck_cap_speed_ckmh")),
        sa.CheckConstraint("speed_ckmh IS NOT NULL OR incline_dpct IS NOT NULL", name=op.f("ck_cap_something")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_cap_member_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_cap")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consent",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("given_ms", sa.Integer(), nullable=False),
        sa.Column("withdrawn_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint("withdrawn_ms >= given_ms", name=op.f("ck_consent_order")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id", "given_ms", name=op.f("pk_consent")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "progress",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("comfort_ckmh", sa.Integer(), nullable=False),
        sa.Column("main_s", sa.Integer(), nullable=False),
        sa.Column("hill_dpct", sa.Integer(), nullable=False),
        sa.Column("locked_until_ms", sa.Integer(), nullable=True),
        sa.Column("updated_ms", sa.Integer(), nullable=False),
        sa.CheckConstraint("comfort_ckmh BETWEEN 0 AND 563", name=op.f("ck_progress_comfort_ckmh")),
        sa.CheckConstraint("hill_dpct BETWEEN 0 AND 50", name=op.f("ck_progress_hill_dpct")),
        sa.CheckConstraint("main_s >= 0", name=op.f("ck_progress_main_s")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_progress_member_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_progress")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "screening",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("limit_ckmh", sa.Integer(), nullable=True),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.Integer(), nullable=False),
        sa.CheckConstraint("outcome IN ('clear', 'limit', 'gate', 'forbid')", name=op.f("ck_screening_outcome")),
        sa.CheckConstraint("expires_ms > at_ms", name=op.f("ck_screening_expiry")),
        sa.CheckConstraint("length(id) BETWEEN 36 AND 36", name=op.f("ck_screening_id")),
        sa.CheckConstraint("length(reason) BETWEEN 0 AND 400", name=op.f("ck_screening_reason")),
        sa.CheckConstraint("limit_ckmh BETWEEN 50 AND 563", name=op.f("ck_screening_limit_ckmh")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_screening_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_screening_member_id_at_ms"), "screening", ["member_id", "at_ms"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("kiosk", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("treadmill", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("started_ms", sa.Integer(), nullable=False),
        sa.Column("ended_ms", sa.Integer(), nullable=True),
        sa.Column("clock_trusted", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("plan_s", sa.REAL(), nullable=False),
        sa.Column("walk_s", sa.REAL(), nullable=False),
        sa.Column("distance_m", sa.REAL(), nullable=False),
        sa.Column("top_ckmh", sa.Integer(), nullable=False),
        sa.Column("average_ckmh", sa.Integer(), nullable=False),
        sa.Column("cap_ckmh", sa.Integer(), nullable=False),
        sa.Column("cap_source", sa.Text(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (ended_ms IS NULL)", name=op.f("ck_session_ended")),
        sa.CheckConstraint("state IN ('open', 'completed', 'stopped', 'interrupted')", name=op.f("ck_session_state")),
        sa.CheckConstraint("average_ckmh BETWEEN 0 AND 65535", name=op.f("ck_session_average_ckmh")),
        sa.CheckConstraint("cap_ckmh BETWEEN 0 AND 65535", name=op.f("ck_session_cap_ckmh")),
        sa.CheckConstraint("clock_trusted IN (0, 1)", name=op.f("ck_session_clock_trusted")),
        sa.CheckConstraint("distance_m >= 0", name=op.f("ck_session_distance_m")),
        sa.CheckConstraint("ended_ms >= started_ms", name=op.f("ck_session_order")),
        sa.CheckConstraint("length(cause) BETWEEN 0 AND 40", name=op.f("ck_session_cause")),
        sa.CheckConstraint("length(id) BETWEEN 36 AND 36", name=op.f("ck_session_id")),
        sa.CheckConstraint("length(why) BETWEEN 1 AND 40", name=op.f("ck_session_why")),
        sa.CheckConstraint("plan_s >= 0", name=op.f("ck_session_plan_s")),
        sa.CheckConstraint("samples >= 0", name=op.f("ck_session_samples")),
        sa.CheckConstraint("top_ckmh BETWEEN 0 AND 65535", name=op.f("ck_session_top_ckmh")),
        sa.CheckConstraint("walk_s >= 0", name=op.f("ck_session_walk_s")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_session_member_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_session_member_id_started_ms"), "session", ["member_id", "started_ms"], unique=False)
    op.create_index("ix_session_open", "session", ["id"], unique=False, sqlite_where=sa.text("state = 'open'"))
    op.create_index(op.f("ix_session_started_ms"), "session", ["started_ms"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("speed_ckmh", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("severity IN ('info', 'notice', 'stop', 'fault')", name=op.f("ck_event_severity")),
        sa.CheckConstraint("length(detail) BETWEEN 0 AND 400", name=op.f("ck_event_detail")),
        sa.CheckConstraint("length(id) BETWEEN 36 AND 36", name=op.f("ck_event_id")),
        sa.CheckConstraint("length(kind) BETWEEN 1 AND 40", name=op.f("ck_event_kind")),
        sa.CheckConstraint("speed_ckmh BETWEEN 0 AND 65535", name=op.f("ck_event_speed_ckmh")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_event_session_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_event_at_ms"), "event", ["at_ms"], unique=False)
    op.create_index(op.f("ix_event_cause_at_ms"), "event", ["cause", "at_ms"], unique=False)
    op.create_index(op.f("ix_event_session_id"), "event", ["session_id"], unique=False)
    op.create_table(
        "sample",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("t_ms", sa.Integer(), nullable=False),
        sa.Column("measured_ckmh", sa.Integer(), nullable=True),
        sa.Column("commanded_ckmh", sa.Integer(), nullable=False),
        sa.Column("incline_dpct", sa.Integer(), nullable=True),
        sa.CheckConstraint("commanded_ckmh BETWEEN 0 AND 65535", name=op.f("ck_sample_commanded_ckmh")),
        sa.CheckConstraint("measured_ckmh BETWEEN 0 AND 65535", name=op.f("ck_sample_measured_ckmh")),
        sa.CheckConstraint("t_ms >= 0", name=op.f("ck_sample_t_ms")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_sample_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "t_ms", name=op.f("pk_sample")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_health",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("effort", sa.Integer(), nullable=True),
        sa.Column("pain_before", sa.Integer(), nullable=True),
        sa.Column("pain_peak", sa.Integer(), nullable=True),
        sa.Column("pain_after", sa.Integer(), nullable=True),
        sa.Column("worse_next_morning", sa.Integer(), nullable=True),
        sa.Column("dizzy", sa.Integer(), nullable=True),
        sa.Column("stumble", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.CheckConstraint("verdict IN ('clean', 'hold', 'amber', 'red')", name=op.f("ck_session_health_verdict")),
        sa.CheckConstraint("dizzy IN (0, 1)", name=op.f("ck_session_health_dizzy")),
        sa.CheckConstraint("effort BETWEEN 0 AND 10", name=op.f("ck_session_health_effort")),
        sa.CheckConstraint("pain_after BETWEEN 0 AND 10", name=op.f("ck_session_health_pain_after")),
        sa.CheckConstraint("pain_before BETWEEN 0 AND 10", name=op.f("ck_session_health_pain_before")),
        sa.CheckConstraint("pain_peak BETWEEN 0 AND 10", name=op.f("ck_session_health_pain_peak")),
        sa.CheckConstraint("stumble IN (0, 1)", name=op.f("ck_session_health_stumble")),
        sa.CheckConstraint("worse_next_morning IN (0, 1)", name=op.f("ck_session_health_worse_next_morning")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_session_health_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session_health")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trace",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("step_s", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("step_s > 0", name=op.f("ck_trace_step_s")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_trace_session_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_trace")),
        sqlite_strict=True,
    )
    op.create_index("uq_staff_name", "staff", [sa.text("lower(name)")], unique=True)
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )
    op.execute("INSERT INTO pin_lock (id, wrong, last_wrong_ms) VALUES (1, 0, 0)")
